/** Owns which region is nearest to a client, by what the runtime knows of where a request came from. */

import type { Region } from '../core/ring/topology.ts'

/** What is looked at of `request.cf`. Text, as the runtime gives it; not there in every environment. */
export interface Whereabouts {
  readonly latitude?: unknown
  readonly longitude?: unknown
  readonly continent?: unknown
}

type Place = readonly [latitude: number, longitude: number]

/** Somewhere near the middle of where each hint's data centres are: near enough to tell regions apart. */
const PLACES: Readonly<Record<Region, Place>> = {
  wnam: [37, -120],
  enam: [40, -77],
  sam: [-23, -47],
  weur: [50, 4],
  eeur: [51, 24],
  apac: [15, 115],
  'apac-ne': [36, 138],
  'apac-se': [2, 104],
  oc: [-34, 151],
  afr: [-15, 28],
  me: [25, 54],
}

/** For requests of which no more is known than the continent. */
const CONTINENTS: Readonly<Record<string, Place>> = {
  NA: [40, -95],
  SA: [-20, -55],
  EU: [50, 10],
  AS: [25, 105],
  OC: [-28, 145],
  AF: [0, 20],
  AN: [-34, 151],
}

/** @param regions Home first: where nothing is known of the client, it is home. */
export function nearestRegion(
  regions: readonly Region[],
  whereabouts: Whereabouts | undefined,
): Region {
  const home = regions[0] as Region
  if (regions.length === 1) return home
  const client = placeOf(whereabouts)
  if (client === undefined) return home
  const distances = regions.map((region) => distance(client, PLACES[region] as Place))
  return regions[distances.indexOf(Math.min(...distances))] as Region
}

function placeOf({ latitude, longitude, continent }: Whereabouts = {}): Place | undefined {
  const place = [degrees(latitude), degrees(longitude)] as const
  if (place.every(Number.isFinite)) return place
  return Object.hasOwn(CONTINENTS, String(continent)) ? CONTINENTS[String(continent)] : undefined
}

function degrees(text: unknown): number {
  return typeof text === 'string' && text !== '' ? Number(text) : Number.NaN
}

/** Grows with the distance on the globe: the haversine of the angle between two places. */
function distance([latitudeA, longitudeA]: Place, [latitudeB, longitudeB]: Place): number {
  const haversine = (degrees: number) => Math.sin((degrees * Math.PI) / 360) ** 2
  const shrinking = cosine(latitudeA) * cosine(latitudeB)
  return haversine(latitudeA - latitudeB) + shrinking * haversine(longitudeA - longitudeB)
}

function cosine(degrees: number): number {
  return Math.cos((degrees * Math.PI) / 180)
}
