/** The Worker's bindings, as wrangler.toml declares them. Add your own here: loaders get them as `env`. */
declare namespace Cloudflare {
  interface Env {
    /** Set as a secret. */
    readonly ADMIN_TOKEN?: string
    readonly CACHE_NODE: DurableObjectNamespace<import('./node/cache-node.ts').CacheNode>
    readonly MAX_ISOLATE_BYTES?: string | number
    readonly NODES?: string | number
    readonly GROUPS?: Readonly<Record<string, unknown>>
  }
}
