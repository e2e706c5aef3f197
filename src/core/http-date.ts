/** HTTP dates (RFC 9110, section 5.6.7): IMF-fixdate, and the obsolete forms of RFC 850 and asctime. */

const DAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)'
const LONG_DAY = '(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day'
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const MONTH = `(?<month>${MONTHS.join('|')})`
const TIME = '(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)'

/** Names match in any case, as RFC 9111, section 4.2 asks of caches. */
const FORMS = [
  `${DAY}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT`,
  `${LONG_DAY}, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT`,
  `${DAY} ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})`,
].map((form) => new RegExp(`^${form}$`, 'i'))

type Parts = Record<'day' | 'month' | 'year' | 'hour' | 'minute' | 'second', string>

/**
 * Returns milliseconds since the epoch, or NaN for text that is not a date or names a day that does not
 * exist. The name of the weekday is not checked against the date: recipients should be robust.
 *
 * @param nowMs Decides the century of a year of two digits.
 */
export function parseHttpDate(text: string, nowMs: number): number {
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups as Parts | undefined
    if (parts !== undefined) return momentOf(parts, nowMs)
  }
  return Number.NaN
}

/** Returns whether `text` is an HTTP date. */
export function isHttpDate(text: string): boolean {
  return !Number.isNaN(parseHttpDate(text, 0))
}

function momentOf({ day, month, year, hour, minute, second }: Parts, nowMs: number): number {
  const timeMs = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000
  const inYear = (fullYear: number) => startOfDay(fullYear, month, Number(day)) + timeMs
  if (year.length === 4) return inYear(Number(year))
  // The latest year with these digits that is not more than 50 years ahead.
  const latestMs = new Date(nowMs).setUTCFullYear(new Date(nowMs).getUTCFullYear() + 50)
  const latestYear = new Date(latestMs).getUTCFullYear()
  const candidate = latestYear - ((latestYear - Number(year)) % 100)
  return inYear(candidate) > latestMs ? inYear(candidate - 100) : inYear(candidate)
}

/** Returns NaN for a day that its month does not have. */
function startOfDay(year: number, month: string, day: number): number {
  // `Date.UTC` would read the years 0 to 99 as those of the twentieth century.
  const start = new Date(0)
  start.setUTCFullYear(year, MONTHS.indexOf(month.toLowerCase()), day)
  return start.getUTCDate() === day ? start.getTime() : Number.NaN
}
