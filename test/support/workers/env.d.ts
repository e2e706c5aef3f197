declare namespace Cloudflare {
  interface Env {
    readonly BROKEN_NODE: DurableObjectNamespace<
      import('../../../src/node/cache-node.ts').CacheNode
    >
  }
  interface GlobalProps {
    mainModule: typeof import('./main.ts')
  }
}
