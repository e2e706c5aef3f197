/** What a Worker with routes of its own imports. Nothing starts by being imported from here. */

export type { GroupDefinitions } from './config/config.ts'
export type { FunctionGroup, OriginGroup } from './config/group-options.ts'
export { type ErrorCode, LoadError, type LoadErrorOptions, NotFoundError } from './core/errors.ts'
export type {
  CachedValue,
  Groupcache,
  ManyResult,
  RingReport,
  SetOptions,
  StatsReport,
} from './core/group/api.ts'
export type { GroupReport, NodeStats } from './core/stats/node-report.ts'
export { createWorker, type GroupcacheWorker } from './edge/worker.ts'
export { createCacheNode } from './node/cache-node.ts'
