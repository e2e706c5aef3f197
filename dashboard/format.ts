/** Owns how figures are written. What is not known is a dash. */

const UNKNOWN = '–'

export function count(value: number | undefined): string {
  return value === undefined ? UNKNOWN : COUNT.format(value)
}

export function rate(value: number | undefined): string {
  if (value === undefined) return UNKNOWN
  return (value < 10 ? ONE_DECIMAL : COUNT).format(value)
}

export function percent(value: number | undefined): string {
  return value === undefined ? UNKNOWN : PERCENT.format(value)
}

export function bytes(value: number | undefined): string {
  if (value === undefined) return UNKNOWN
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10))
  const amount = value / 1024 ** power
  return `${(amount < 10 && power > 0 ? ONE_DECIMAL : COUNT).format(amount)} ${UNITS[power]}`
}

/** A length of time. */
export function seconds(value: number | undefined): string {
  if (value === undefined) return UNKNOWN
  if (value < 1) return `${(value < 0.01 ? ONE_DECIMAL : COUNT).format(value * 1000)} ms`
  if (value < 120) return `${(value < 10 ? ONE_DECIMAL : COUNT).format(value)} s`
  if (value < 7200) return `${COUNT.format(value / 60)} min`
  return `${COUNT.format(value / 3600)} h`
}

export function timeOfDay(atMs: number): string {
  return TIME.format(atMs)
}

/** The time, with the day where that is not the one of `nowMs`. */
export function moment(atMs: number, nowMs: number): string {
  const day = DAY.format(atMs)
  return day === DAY.format(nowMs) ? TIME.format(atMs) : `${day}, ${TIME.format(atMs)}`
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
const COUNT = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const ONE_DECIMAL = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const PERCENT = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 })
const TIME = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
