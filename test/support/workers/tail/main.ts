/** Collects spans, and what is logged, of the Workers that it is the tail of; answers all of it as JSON. */

interface Seen {
  readonly name: string
  readonly attributes: Record<string, string>
}

const spans = new Map<string, Seen>()
const logs: unknown[] = []

export default {
  fetch: () => Response.json({ spans: [...spans.values()], logs }),
  tailStream: () => (tail: TailStream.TailEvent<TailStream.EventType>) => {
    const { event, spanContext } = tail
    if (event.type === 'spanOpen') spans.set(event.spanId, { name: event.name, attributes: {} })
    if (event.type === 'log') logs.push(event.message)
    if (event.type !== 'attributes') return
    const span = spans.get(spanContext.spanId ?? '')
    // The runtime's own spans have big integers, which JSON has not.
    for (const { name, value } of event.info) if (span) span.attributes[name] = String(value)
  },
}
