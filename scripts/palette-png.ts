/** Owns making a screenshot small: a PNG with a palette of 256 colours. */

import { crc32, deflateSync, inflateSync } from 'node:zlib'

const SIGNATURE_BYTES = 8
/** Red, green and blue, one byte each: what Chromium writes of a page. */
const PIXEL_BYTES = 3

/** @param png Of Chromium: 8 bits per channel, no transparency, not interlaced. */
export function withPalette(png: Buffer): Buffer {
  const header = chunks(png, 'IHDR')[0] as Buffer
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  const pixels = unfiltered(inflateSync(Buffer.concat(chunks(png, 'IDAT'))), width, height)
  const palette = mostUsed(pixels)

  const indexes = new Map<number, number>()
  const rows = Buffer.alloc(height * (width + 1))
  for (let i = 0; i < width * height; i++) {
    const color = pixels.readUIntBE(i * PIXEL_BYTES, PIXEL_BYTES)
    const index = indexes.get(color) ?? nearest(palette, color)
    indexes.set(color, index)
    // Each row begins with its filter: none.
    rows[i + Math.floor(i / width) + 1] = index
  }
  const paletted = Buffer.from(header)
  paletted[9] = 3
  return Buffer.concat([
    png.subarray(0, SIGNATURE_BYTES),
    chunk('IHDR', paletted),
    chunk('PLTE', Buffer.from(palette.flatMap(channels))),
    chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** The contents of all chunks of a type (PNG, third edition, section 5.3). */
function chunks(png: Buffer, type: string): Buffer[] {
  const found: Buffer[] = []
  for (let at = SIGNATURE_BYTES; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) !== type) continue
    found.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)))
  }
  return found
}

function chunk(type: string, content: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), content])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(content.length)
  check.writeUInt32BE(crc32(typed))
  return Buffer.concat([length, typed, check])
}

/** Section 9.2: each byte is written as a difference from its neighbours. */
function unfiltered(filtered: Buffer, width: number, height: number): Buffer {
  const rowBytes = width * PIXEL_BYTES
  const pixels = Buffer.alloc(height * rowBytes)
  const at = (x: number, y: number) => (x < 0 || y < 0 ? 0 : (pixels[y * rowBytes + x] as number))
  for (let y = 0; y < height; y++) {
    const start = y * (rowBytes + 1)
    for (let x = 0; x < rowBytes; x++) {
      const [left, up] = [at(x - PIXEL_BYTES, y), at(x, y - 1)]
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, at(x - PIXEL_BYTES, y - 1))]
      pixels[y * rowBytes + x] =
        (filtered[start + 1 + x] as number) + (predicted[filtered[start] as number] as number)
    }
  }
  return pixels
}

function paeth(left: number, up: number, upLeft: number): number {
  const estimate = left + up - upLeft
  const distance = (value: number) => Math.abs(estimate - value)
  if (distance(left) <= distance(up) && distance(left) <= distance(upLeft)) return left
  return distance(up) <= distance(upLeft) ? up : upLeft
}

function mostUsed(pixels: Buffer): number[] {
  const counts = new Map<number, number>()
  for (let at = 0; at < pixels.length; at += PIXEL_BYTES) {
    const color = pixels.readUIntBE(at, PIXEL_BYTES)
    counts.set(color, (counts.get(color) ?? 0) + 1)
  }
  const byCount = [...counts].sort(([, a], [, b]) => b - a)
  // One of each kind comes first, or shades of the most used would leave no room for a small red figure.
  const ofEachKind = Map.groupBy(byCount, ([color]) => kindOf(color))
  const first = Array.from(ofEachKind.values(), (alike) => alike[0] as [number, number])
  return [...new Set([...first, ...byCount].map(([color]) => color))].slice(0, 256)
}

/** Colours of one kind share the upper three bits of each channel. */
function kindOf(color: number): number {
  return color & 0xe0e0e0
}

function nearest(palette: readonly number[], color: number): number {
  const distances = palette.map((other) => {
    const [a, b] = [channels(color), channels(other)]
    return a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0)
  })
  return distances.indexOf(Math.min(...distances))
}

function channels(color: number): number[] {
  return [color >> 16, (color >> 8) & 0xff, color & 0xff]
}
