import { describe, expect, test } from 'vitest'
import { Circuit, FAILURES_TO_OPEN } from '../../src/core/circuit.ts'

function failing(times: number): Circuit {
  const circuit = new Circuit(() => 0)
  for (let i = 0; i < times; i++) circuit.failed(0)
  return circuit
}

describe('a circuit', () => {
  test('lets everything through while failures are few', () => {
    const circuit = failing(FAILURES_TO_OPEN - 1)

    expect(circuit.state).toBe('closed')
    expect(circuit.admits(0)).toBe(true)
    expect(circuit.admits(0)).toBe(true)
  })

  test('counts failures in a row only', () => {
    const circuit = failing(FAILURES_TO_OPEN - 1)

    circuit.succeeded()
    circuit.failed(0)

    expect(circuit.state).toBe('closed')
  })

  test('opens for a second, then lets one load find out', () => {
    const circuit = failing(FAILURES_TO_OPEN)

    expect(circuit.state).toBe('open')
    expect(circuit.admits(999)).toBe(false)
    expect(circuit.admits(1_000)).toBe(true)
    expect(circuit.state).toBe('half-open')
    expect(circuit.admits(1_000)).toBe(false)
  })

  test('closes when the probe succeeds', () => {
    const circuit = failing(FAILURES_TO_OPEN)
    circuit.admits(1_000)

    circuit.succeeded()

    expect(circuit.state).toBe('closed')
    expect(circuit.admits(1_000)).toBe(true)
  })

  test('opens for longer each time a probe fails, up to half a minute', () => {
    const circuit = failing(FAILURES_TO_OPEN)
    const pauses: number[] = []

    for (let nowMs = 0; pauses.length < 7; ) {
      let pauseMs = 1_000
      while (!circuit.admits(nowMs + pauseMs)) pauseMs += 1_000
      pauses.push(pauseMs)
      nowMs += pauseMs
      circuit.failed(nowMs)
    }

    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  })
})
