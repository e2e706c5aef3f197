/** Stands for the Worker's bindings where tests run in Node, which has none. */
declare namespace Cloudflare {
  interface Env {
    readonly [name: string]: unknown
  }
}
