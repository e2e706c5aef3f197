/** Owns one chart of lines over time, which uPlot draws, and its life in the page. */

import { useEffect, useId, useRef, useState } from 'hono/jsx/dom'
import uPlot from 'uplot'
import * as format from '../format.ts'

export interface TimeChartProps {
  readonly title: string
  readonly help: string
  readonly atSeconds: readonly number[]
  readonly lines: readonly ChartLine[]
  readonly format: (value: number | undefined) => string
  /** The upper end of the scale; default: what the lines need. */
  readonly most?: number
  /** What the lines of the grid may be apart; default: round decimal numbers. */
  readonly steps?: readonly number[]
}

export interface ChartLine {
  readonly name: string
  /** Of the colours for lines that the style sheet has. */
  readonly color: 1 | 2 | 3
  readonly values: readonly (number | null)[]
}

const HEIGHT = 150
/** So much time is shown at least, so that the first points do not fill the chart. */
const LEAST_SECONDS = 60

export function TimeChart(props: TimeChartProps) {
  const { title, help, atSeconds, lines } = props
  const holder = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const [pointedAt, setPointedAt] = useState<number | undefined>(undefined)
  const id = useId()

  useEffect(() => {
    const element = holder.current
    if (element === null) return
    const drawn = new uPlot(optionsOf(props, element, setPointedAt), dataOf(props), element)
    plot.current = drawn
    const resized = new ResizeObserver(() => {
      drawn.setSize({ width: element.clientWidth, height: HEIGHT })
    })
    resized.observe(element)
    // Its colours are on a canvas, where no style sheet reaches.
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    const redraw = () => drawn.redraw(false, true)
    scheme.addEventListener('change', redraw)
    return () => {
      resized.disconnect()
      scheme.removeEventListener('change', redraw)
      drawn.destroy()
    }
  }, [])

  useEffect(() => {
    plot.current?.setData(dataOf(props))
  }, [atSeconds])

  const shown = pointedAt ?? atSeconds.length - 1
  const second = atSeconds[shown]
  return (
    <figure class="chart" aria-labelledby={id}>
      <figcaption id={id} title={help}>
        {title}
      </figcaption>
      <div class="plot" ref={holder} role="img" aria-label={`${title}, drawn over time`} />
      <ul class="legend">
        {lines.map(({ name, color, values }) => (
          <li key={name} class={`line-${color}`}>
            {name} <b>{props.format(values[shown] ?? undefined)}</b>
          </li>
        ))}
        <li class="at">{second !== undefined && `at ${time(second)}`}</li>
      </ul>
    </figure>
  )
}

function dataOf({ atSeconds, lines }: TimeChartProps): uPlot.AlignedData {
  return [[...atSeconds], ...lines.map(({ values }) => [...values])]
}

function optionsOf(
  props: TimeChartProps,
  element: HTMLElement,
  onPoint: (index: number | undefined) => void,
): uPlot.Options {
  const color = (name: string) => () => getComputedStyle(element).getPropertyValue(name)
  const axis: uPlot.Axis = {
    stroke: color('--quiet'),
    font: '11px system-ui, sans-serif',
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
  }
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { sync: { key: 'dashboard' }, drag: { x: false, y: false }, y: false },
    scales: {
      x: { time: true, range: (plot) => timeRange(plot.data[0]) },
      y: { range: (_, __, most) => [0, props.most ?? (most > 0 ? most * 1.1 : 1)] },
    },
    axes: [
      { ...axis, space: 70, size: 24, values: (_, at) => at.map(time) },
      {
        ...axis,
        space: 32,
        size: 58,
        values: (_, at) => at.map((value) => props.format(value)),
        ...(props.steps === undefined ? {} : { incrs: [...props.steps] }),
      },
    ],
    series: [
      {},
      ...props.lines.map(({ name, color: number }) => ({
        label: name,
        stroke: color(`--line-${number}`),
        width: 1.5,
        points: { show: false },
      })),
    ],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? undefined)] },
  }
}

/** Ends with the last point; without one, now. */
function timeRange(atSeconds: ArrayLike<number>): [number, number] {
  const to = atSeconds[atSeconds.length - 1] ?? Date.now() / 1000
  return [Math.min(atSeconds[0] ?? to, to - LEAST_SECONDS), to]
}

function time(second: number): string {
  return format.timeOfDay(second * 1000)
}
