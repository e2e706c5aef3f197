import { describe, expect, test } from 'vitest'
import { Circuit, FAILURES_TO_OPEN } from '../../src/core/load/circuit.ts'

const LONGEST_PROBE_MS = 5_000

function fail(circuit: Circuit, nowMs: number, times = 1): void {
  for (let i = 0; i < times; i++) {
    const admission = circuit.admit(nowMs)
    if (admission === undefined) throw new Error('The circuit let no load through.')
    circuit.failed(admission, nowMs)
  }
}

function openCircuit(nowMs = 0): Circuit {
  const circuit = new Circuit({ longestProbeMs: LONGEST_PROBE_MS, random: () => 0 })
  fail(circuit, nowMs, FAILURES_TO_OPEN)
  return circuit
}

describe('a circuit', () => {
  test('lets everything through while failures are few, and counts those in a row only', () => {
    const circuit = new Circuit({ longestProbeMs: LONGEST_PROBE_MS, random: () => 0 })
    fail(circuit, 0, FAILURES_TO_OPEN - 1)
    const admission = circuit.admit(0)
    if (admission !== undefined) circuit.succeeded(admission)

    fail(circuit, 0, FAILURES_TO_OPEN - 1)

    expect(circuit.state).toBe('closed')
    fail(circuit, 0)
    expect(circuit.state).toBe('open')
  })

  test('opens for a second, then lets one load find out', () => {
    const circuit = openCircuit()

    expect(circuit.admit(999)).toBeUndefined()
    expect(circuit.admit(1_000)).toBeDefined()
    expect(circuit.state).toBe('half-open')
    expect(circuit.admit(1_000)).toBeUndefined()
  })

  test('closes when the probe succeeds, and counts from zero then', () => {
    const circuit = openCircuit()
    const probe = circuit.admit(1_000)
    if (probe !== undefined) circuit.succeeded(probe)

    fail(circuit, 1_000, FAILURES_TO_OPEN - 1)
    expect(circuit.state).toBe('closed')
    fail(circuit, 1_000)
    expect(circuit.admit(1_999)).toBeUndefined()
    expect(circuit.admit(2_000)).toBeDefined()
  })

  test('opens for longer each time a probe fails, up to half a minute', () => {
    const circuit = openCircuit()
    const pauses: number[] = []

    for (let nowMs = 0; pauses.length < 7; ) {
      let pauseMs = 1_000
      let probe = circuit.admit(nowMs + pauseMs)
      for (; probe === undefined; probe = circuit.admit(nowMs + pauseMs)) pauseMs += 1_000
      pauses.push(pauseMs)
      nowMs += pauseMs
      circuit.failed(probe, nowMs)
    }

    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  })

  test('takes loads under way when it opened for no probes, however they end', () => {
    const circuit = new Circuit({ longestProbeMs: LONGEST_PROBE_MS, random: () => 0 })
    const underWay = Array.from({ length: 60 }, () => circuit.admit(0))
    for (const admission of underWay) if (admission !== undefined) circuit.failed(admission, 0)
    expect(circuit.admit(1_000)).toBeDefined()

    for (const admission of underWay.slice(0, 2)) {
      if (admission !== undefined) circuit.failed(admission, 1_000)
      if (admission !== undefined) circuit.succeeded(admission)
    }

    expect(circuit.state).toBe('half-open')
    expect(circuit.admit(1_000)).toBeUndefined()
  })

  test('gives up a probe that never reports, and sends another', () => {
    const circuit = openCircuit()
    const lost = circuit.admit(1_000)

    expect(circuit.admit(1_000 + LONGEST_PROBE_MS - 1)).toBeUndefined()
    const next = circuit.admit(1_000 + LONGEST_PROBE_MS)
    expect(next).toBeDefined()
    expect(lost).toBeDefined()
    expect(circuit.state).toBe('half-open')
  })

  test('closes when a probe succeeds that was given up, as all may take that long', () => {
    const circuit = openCircuit()
    const slow = circuit.admit(1_000)
    circuit.admit(1_000 + LONGEST_PROBE_MS)

    if (slow !== undefined) circuit.succeeded(slow)

    expect(circuit.state).toBe('closed')
  })

  test('opens when a probe fails that was given up, and takes no later probe for news', () => {
    const circuit = openCircuit()
    const slow = circuit.admit(1_000)
    const next = circuit.admit(1_000 + LONGEST_PROBE_MS)

    if (slow !== undefined) circuit.failed(slow, 1_001 + LONGEST_PROBE_MS)
    if (next !== undefined) circuit.succeeded(next)

    expect(circuit.state).toBe('open')
  })

  test('is not kept shut by a clock that was set back', () => {
    const circuit = openCircuit(3_600_000)

    expect(circuit.admit(10_000)).toBeDefined()
  })
})
