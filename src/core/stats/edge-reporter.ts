/**
 * Owns what an edge isolate tells the nodes of what it has counted. Isolates come and go, and nobody can
 * call one; so each call that goes to a node anyway takes along what has not been told yet.
 */

import { type Counters, countersOf, isZero, noCounters, subtract } from './counters.ts'
import type { GroupStats } from './group-stats.ts'
import type { HotKey } from './hot-keys.ts'

/** What one edge isolate held of a group when it last reported. */
export interface HotCache {
  readonly bytes: number
  readonly items: number
}

/** The last report that a node has of an edge isolate. */
export interface IsolateReport {
  readonly isolate: string
  /** Counts the isolate's reports: the highest is the newest, whichever node has it. */
  readonly sequence: number
  readonly hot: Readonly<Record<string, HotCache>>
}

export interface EdgeReport {
  /** A name by chance, so that an isolate that several nodes have heard of is counted once. */
  readonly isolate: string
  /** Counts the isolate's reports. */
  readonly sequence: number
  readonly groups: Readonly<Record<string, GroupNews>>
}

interface GroupNews {
  /** What has happened since the last report. */
  readonly counters: Counters
  readonly hot: HotCache
  /** Hits on hot copies by key: of keys that the node reported to owns, so that it knows all of them. */
  readonly hotKeys: readonly HotKey[]
}

/**
 * Whether a report has the form above. Counters may lack, or be new ones that are plain numbers, while a
 * deployment spreads; anything else would spoil sums for as long as the node lives.
 */
export function isEdgeReport(report: unknown): report is EdgeReport {
  if (!isTable(report)) return false
  const { isolate, sequence, groups } = report
  const areNews = isTable(groups) && Object.values(groups).every(isNews)
  return typeof isolate === 'string' && isCount(sequence) && areNews
}

function isNews(news: unknown): boolean {
  if (!isTable(news) || !isTable(news.hot) || !Array.isArray(news.hotKeys)) return false
  const { counters, hot, hotKeys } = news
  return areCounts(counters, noCounters()) && areCounts(hot, NO_COPIES) && hotKeys.every(isHotKey)
}

const NO_COPIES: HotCache = { bytes: 0, items: 0 }

function isHotKey(hotKey: unknown): boolean {
  if (!isTable(hotKey)) return false
  return typeof hotKey.key === 'string' && isCount(hotKey.gets) && isCount(hotKey.overcount)
}

/** @param form The same counters, or those of another version. */
function areCounts(counts: unknown, form: unknown): boolean {
  if (Array.isArray(form)) return Array.isArray(counts) && counts.every(isCount)
  if (!isTable(form)) return isCount(counts)
  const forms = new Map(Object.entries(form))
  return (
    isTable(counts) &&
    Object.entries(counts).every(([name, count]) => areCounts(count, forms.get(name)))
  )
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A group at the edge, as far as reports go. */
interface Reporting extends HotCache {
  readonly name: string
  readonly stats: GroupStats
  takeHotKeys(isMeant: (key: string) => boolean): readonly HotKey[]
  receiveHotKeys(hotKeys: readonly HotKey[]): void
}

/** At most one report a second, but for those that are asked for. */
const REPORT_EVERY_MS = 1_000

export class EdgeReporter {
  private readonly groups: readonly Reporting[]
  private readonly randomName: () => string
  private readonly told = new Map<string, Counters>()
  private isolate: string | undefined
  private sequence = 0
  private reportedAtMs = Number.NEGATIVE_INFINITY

  /** @param randomName Called once, with the first report: chance is not to be had while a Worker starts. */
  constructor(groups: Iterable<Reporting>, randomName: () => string) {
    this.groups = [...groups]
    this.randomName = randomName
  }

  /** The report to go with a call, or `undefined` where it is too early for one. */
  takeIfDue(nowMs: number, isOwned: (key: string) => boolean): EdgeReport | undefined {
    // A clock that was set back does not silence the isolate.
    const elapsedMs = Math.abs(nowMs - this.reportedAtMs)
    return elapsedMs < REPORT_EVERY_MS ? undefined : this.take(nowMs, isOwned)
  }

  /** The report to go with a call, due or not. */
  take(nowMs: number, isOwned: (key: string) => boolean): EdgeReport {
    this.isolate ??= this.randomName()
    this.reportedAtMs = nowMs
    const news = this.groups.map((group) => [group.name, this.newsOf(group, isOwned)] as const)
    return {
      isolate: this.isolate,
      sequence: ++this.sequence,
      groups: Object.fromEntries(news.filter(([, group]) => hasNews(group))),
    }
  }

  /** Takes back a report whose call has failed: a later one tells it again. */
  rollback(report: EdgeReport): void {
    // A group may be called as a property of every object is.
    const reported = new Map(Object.entries(report.groups))
    for (const group of this.groups) {
      const news = reported.get(group.name)
      if (news === undefined) continue
      this.told.set(group.name, subtract(this.toldOf(group), news.counters))
      group.receiveHotKeys(news.hotKeys)
    }
  }

  private newsOf(group: Reporting, isOwned: (key: string) => boolean): GroupNews {
    const current = countersOf(group.stats)
    const counters = subtract(current, this.toldOf(group))
    this.told.set(group.name, current)
    const { bytes, items } = group
    return { counters, hot: { bytes, items }, hotKeys: group.takeHotKeys(isOwned) }
  }

  private toldOf({ name }: Reporting): Counters {
    return this.told.get(name) ?? noCounters()
  }
}

function hasNews({ counters, hot, hotKeys }: GroupNews): boolean {
  return hot.items > 0 || hotKeys.length > 0 || !isZero(counters)
}
