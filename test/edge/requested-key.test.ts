import { describe, expect, test } from 'vitest'
import { parseCachePath } from '../../src/edge/requested-key.ts'

describe('parseCachePath', () => {
  test.each([
    ['/cache/g/k', { groupName: 'g', keyPath: 'k', query: '' }],
    ['/cache/g/a/b//c', { groupName: 'g', keyPath: 'a/b//c', query: '' }],
    ['/cache/g//evil.example', { groupName: 'g', keyPath: '/evil.example', query: '' }],
    ['/cache/g/%2e%2e%2f?a=/?b', { groupName: 'g', keyPath: '%2e%2e%2f', query: 'a=/?b' }],
    ['/cache/g', { groupName: 'g', keyPath: '', query: '' }],
    ['/cache/g/', { groupName: 'g', keyPath: '', query: '' }],
    ['/cache/g?k', { groupName: 'g', keyPath: '', query: 'k' }],
    ['/cache/g/k#f', { groupName: 'g', keyPath: 'k', query: '' }],
    ['/cache/g/k?a#f?b', { groupName: 'g', keyPath: 'k', query: 'a' }],
    ['/cache/', undefined],
    ['/cache//', undefined],
    ['/cache//Tom', undefined],
    ['/cache', undefined],
    ['/cache?/cache/g/k', undefined],
    ['//cache/g/k', undefined],
    ['/', undefined],
  ])('%s', (path, expected) => {
    expect(parseCachePath(`https://user@host:8787${path}`)).toEqual(expected)
  })
})
