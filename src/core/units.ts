/** Owns how durations and sizes are written: `"250ms"`, `"5m"`, `"8MiB"`, or a plain number. */

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}
const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
}

/** Ten years: longer than any cache lives, and far from where sums of times lose precision. */
export const LONGEST_MS = 3_650 * 86_400_000

export const DURATION_FORM =
  'a duration such as "250ms", "30s", "5m" or "1h" (or a number of milliseconds), up to ten years'
export const SIZE_FORM = 'a size such as "512KiB" or "8MiB" (or a number of bytes)'

/** Whole milliseconds, or `undefined` when `value` is not a duration. */
export function parseDurationMs(value: unknown): number | undefined {
  const ms = parseQuantity(value, MS_PER_UNIT)
  return ms !== undefined && ms <= LONGEST_MS ? ms : undefined
}

/** Whole bytes, or `undefined` when `value` is not a size. */
export function parseBytes(value: unknown): number | undefined {
  return parseQuantity(value, BYTES_PER_UNIT)
}

function parseQuantity(
  value: unknown,
  units: Readonly<Record<string, number>>,
): number | undefined {
  const quantity = typeof value === 'string' ? readQuantity(value, units) : value
  return typeof quantity === 'number' && Number.isSafeInteger(quantity) && quantity >= 0
    ? quantity
    : undefined
}

type Matched = [text: string, whole: string, fraction: string | undefined, unit: string]

function readQuantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d{1,9})(?:\.(\d{1,6}))?([A-Za-z]{1,3})$/.exec(text)
  if (match === null) return undefined
  const [, whole, fraction = '', unit] = match as unknown as Matched
  if (!Object.hasOwn(units, unit)) return undefined
  // Exactly: in binary, 1.001 * 1000 and 150.3 * 86400000 are not quite whole.
  const millionths = BigInt(whole + fraction.padEnd(6, '0')) * BigInt(units[unit] as number)
  return millionths % 1_000_000n === 0n ? Number(millionths / 1_000_000n) : undefined
}
