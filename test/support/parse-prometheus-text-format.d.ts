declare module 'parse-prometheus-text-format' {
  interface Sample {
    readonly labels?: Readonly<Record<string, string>>
    /** Of counters and gauges. */
    readonly value?: string
    /** Of histograms: cumulative counts by upper bound. */
    readonly buckets?: Readonly<Record<string, string>>
  }
  interface Family {
    readonly name: string
    readonly help: string
    readonly type: string
    readonly metrics: readonly Sample[]
  }
  export default function parse(text: string): Family[]
}
