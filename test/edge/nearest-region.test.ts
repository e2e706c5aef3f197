import { describe, expect, test } from 'vitest'
import { nearestRegion } from '../../src/edge/nearest-region.ts'

const EVERYWHERE = ['weur', 'wnam', 'enam', 'sam', 'eeur', 'apac', 'oc', 'afr', 'me']

/** As `request.cf` has it: everything is text. */
const CITIES: [city: string, cf: object, nearest: string][] = [
  ['Paris', { latitude: '48.85341', longitude: '2.34880', continent: 'EU' }, 'weur'],
  ['Lisbon', { latitude: '38.71667', longitude: '-9.13333', continent: 'EU' }, 'weur'],
  ['Warsaw', { latitude: '52.22977', longitude: '21.01178', continent: 'EU' }, 'eeur'],
  ['New York', { latitude: '40.71427', longitude: '-74.00597', continent: 'NA' }, 'enam'],
  ['Seattle', { latitude: '47.60621', longitude: '-122.33207', continent: 'NA' }, 'wnam'],
  ['São Paulo', { latitude: '-23.54750', longitude: '-46.63611', continent: 'SA' }, 'sam'],
  ['Singapore', { latitude: '1.28967', longitude: '103.85007', continent: 'AS' }, 'apac'],
  ['Tokyo', { latitude: '35.68950', longitude: '139.69171', continent: 'AS' }, 'apac'],
  ['Sydney', { latitude: '-33.86785', longitude: '151.20732', continent: 'OC' }, 'oc'],
  // Across the date line: nearer to Australia than the difference of longitudes says.
  ['Suva', { latitude: '-18.14161', longitude: '178.44149', continent: 'OC' }, 'oc'],
  ['Apia', { latitude: '-13.83333', longitude: '-171.76666', continent: 'OC' }, 'oc'],
  ['Anchorage', { latitude: '61.21806', longitude: '-149.90028', continent: 'NA' }, 'wnam'],
  // In the far north the way over the pole is the short one.
  ['Alert', { latitude: '82.50180', longitude: '-62.34810', continent: 'NA' }, 'weur'],
  ['Johannesburg', { latitude: '-26.20227', longitude: '28.04363', continent: 'AF' }, 'afr'],
  ['Dubai', { latitude: '25.07725', longitude: '55.30927', continent: 'AS' }, 'me'],
]

describe('the nearest of all regions', () => {
  test.each(CITIES)('to %s', (_, cf, nearest) => {
    expect(nearestRegion(EVERYWHERE, cf)).toBe(nearest)
  })

  test.each([
    ['EU', 'weur'],
    ['NA', 'enam'],
    ['SA', 'sam'],
    ['AS', 'apac'],
    ['OC', 'oc'],
    ['AF', 'afr'],
    ['AN', 'oc'],
  ])('to a client of which only the continent %s is known', (continent, nearest) => {
    expect(nearestRegion(EVERYWHERE, { continent })).toBe(nearest)
  })
})

describe('the nearest of those there are', () => {
  test.each([
    [['weur', 'wnam'], 'New York', 'wnam'],
    [['weur', 'enam'], 'Seattle', 'enam'],
    [['weur', 'apac-ne', 'apac-se'], 'Tokyo', 'apac-ne'],
    [['weur', 'apac-ne', 'apac-se'], 'Singapore', 'apac-se'],
    [['weur', 'apac'], 'Sydney', 'apac'],
    [['weur', 'sam'], 'Johannesburg', 'sam'],
  ])('in %j, to %s', (regions, city, nearest) => {
    const [, cf] = CITIES.find(([name]) => name === city) as (typeof CITIES)[number]

    expect(nearestRegion(regions, cf)).toBe(nearest)
    expect(nearestRegion(regions.toReversed(), cf)).toBe(nearest)
  })

  test('is the only one, wherever the client is', () => {
    expect(nearestRegion(['sam'], { latitude: '48.85341', longitude: '2.34880' })).toBe('sam')
    expect(nearestRegion([''], { latitude: '48.85341', longitude: '2.34880' })).toBe('')
  })
})

describe('home is nearest', () => {
  test.each<[string, object | undefined]>([
    ['nothing', undefined],
    ['nothing of use', { country: 'T1' }],
    ['no continent by that name', { continent: 'toString' }],
    ['places that are empty', { latitude: '', longitude: '' }],
    ['places that are no numbers', { latitude: 'north', longitude: '7' }],
    ['half of a place', { latitude: '40.71427' }],
  ])('to a client of which is known %s', (_, cf) => {
    expect(nearestRegion(['apac', 'weur', 'wnam'], cf)).toBe('apac')
  })
})
