/** Settings that are refused: the error names the field, and shows no secret in whatever place it stands. */

import { describe, expect, test } from 'vitest'
import { type GroupDefinitions, readConfig, type Settings } from '../../src/config/config.ts'
import { ConfigError } from '../../src/core/errors.ts'

const ORIGIN = 'https://o.example'

function errorOf(settings: Settings, definitions: unknown = {}): ConfigError {
  try {
    readConfig(settings, definitions as GroupDefinitions)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('The configuration was accepted.')
}

/** Returns the errors of one group, in code and in `GROUPS`. */
function errorsOf(options: unknown): [inCode: ConfigError, inVars: ConfigError] {
  return [errorOf({}, { a: options }), errorOf({ GROUPS: { a: options } })]
}

const SECRETS = /user|SECRET|pw|host/

describe('white space', () => {
  test.each([
    ['around it', ' http://127.0.0.1/ '],
    ['in front of it', ' http://127.0.0.1/'],
    ['behind it', 'http://127.0.0.1/ '],
    ['as a line feed behind it', 'http://127.0.0.1/\n'],
    ['as a tab in it', 'http://127.0.0.1/a\tb'],
    ['as a line end in its host', 'http://127.0.\r\n0.1/'],
    ['as a space in its path', 'http://127.0.0.1/a b'],
    ['as a no-break space in front of it', '\u00a0http://127.0.0.1/'],
    ['as a no-break space in its path', 'http://127.0.0.1/a\u00a0b'],
    ['as a byte order mark', '\ufeffhttp://127.0.0.1/'],
    ['as a zero width space', 'http://127.0.0.1/\u200b'],
    ['as a line separator', 'http://127.0.0.1/\u2028'],
    ['as NUL', 'http://127.0.0.1/\0'],
    ['as a C1 control', 'http://127.0.0.1/\u0085'],
  ])('%s makes an origin no origin', (_, origin) => {
    for (const error of errorsOf({ origin })) {
      expect(error.field).toMatch(/^(groups|GROUPS)\.a\.origin$/)
      expect(error.message).toContain(
        'is a text with white space or invisible characters; allowed: an http or https URL without white space',
      )
    }
  })
})

describe('an origin', () => {
  test.each([
    ['http://user:SECRET/pw@host/', 'not a valid URL'],
    ['https://user:SECRET@host/', 'a URL with credentials'],
    ['https://user@host/', 'a URL with credentials'],
    ['https://:SECRET@host/', 'a URL with credentials'],
    ['https://@host/', 'a URL with credentials'],
    ['https://user:pw@SECRET@host/', 'a URL with credentials'],
    ['HTTPS://user:pw@host', 'a URL with credentials'],
    ['https://user:pw%40@host', 'a URL with credentials'],
    ['https:user:pw@host', 'not a URL that begins with "http://" or "https://"'],
    ['http:/user:pw@host', 'not a URL that begins with "http://" or "https://"'],
    ['http:\\\\user:pw@host', 'not a URL that begins with "http://" or "https://"'],
    ['http:///user:pw@host', 'not a URL that begins with "http://" or "https://"'],
    ['http://\\user:pw@host', 'not a URL that begins with "http://" or "https://"'],
    ['//user:pw@host', 'not a URL that begins with "http://" or "https://"'],
    ['user:pw@host', 'not a URL that begins with "http://" or "https://"'],
    ['user', 'not a URL that begins with "http://" or "https://"'],
    ['SECRET://host', 'not a URL that begins with "http://" or "https://"'],
    ['ftp://user:pw@host/', 'not a URL that begins with "http://" or "https://"'],
    ['file:///user/SECRET', 'not a URL that begins with "http://" or "https://"'],
    ['https:host', 'not a URL that begins with "http://" or "https://"'],
    ['https://host/?token=SECRET', 'a URL with a query, a fragment or a backslash'],
    ['https://host?SECRET', 'a URL with a query, a fragment or a backslash'],
    ['https://user?SECRET@host', 'a URL with a query, a fragment or a backslash'],
    ['https://host/#SECRET', 'a URL with a query, a fragment or a backslash'],
    ['https://user:1\\SECRET@host', 'a URL with a query, a fragment or a backslash'],
    ['https://user:SECRET', 'not a valid URL'],
    [`https://user:${'SECRET'.repeat(50)}@host`, 'a URL with credentials'],
    [['https://user:SECRET@host/'], 'a list'],
    [{ url: 'https://user:SECRET@host/' }, 'a table'],
    ['', 'not a URL that begins with "http://" or "https://"'],
    [12345, 'a number'],
    [null, 'null'],
  ])('is not %j, and no error shows it', (origin, shown) => {
    for (const error of errorsOf({ origin })) {
      expect(error.field).toMatch(/^(groups|GROUPS)\.a\.origin$/)
      expect(error.message).toContain(` is ${shown}; allowed: `)
      expect(error.message).not.toMatch(SECRETS)
    }
  })

  test.each(['https://o.example/@scope/pkg', 'HTTPS://o.example/%20', 'http://[::1]:8080/a'])(
    'may be %s',
    (origin) => {
      expect(readConfig({ GROUPS: { a: { origin } } }, {}).groups.has('a')).toBe(true)
    },
  )

  test('beside a `load` is refused without being shown', () => {
    const error = errorOf({}, { a: { load: () => '', origin: 'https://user:SECRET@host/' } })

    expect(error.field).toBe('groups.a.origin')
    expect(error.message).not.toMatch(SECRETS)
  })
})

describe('a header', () => {
  test.each([
    'Bearer SECRETtoken\n',
    '\r\nSECRET: pw',
    'Basic dXNlcjpwdw==SECRET\0',
    'abc$defSECRET',
    'Bearer $SECRETtoken',
    '$defSECRET',
    '$SECRETpw-1',
    'SECRET\u0100',
    12345,
    true,
    ['Bearer SECRET'],
    { value: 'Bearer SECRET' },
    null,
  ])('with the value %j is named, and its value not shown', (value) => {
    for (const error of errorsOf({ origin: ORIGIN, headers: { Authorization: value } })) {
      expect(error.field).toMatch(/^(groups|GROUPS)\.a\.headers\.Authorization$/)
      expect(error.message).not.toMatch(/SECRET|def|pw|dXN|Basic|Bearer|12345|true/)
    }
  })

  test.each<[unknown, string]>([
    [{ 'Authorization: Bearer SECRET': 'x' }, 'a.headers.Authorization…'],
    [{ 'Authorization=SECRET pw': 'x' }, 'a.headers.Authorization…'],
    [{ 'Bearer SECRET': 'x' }, 'a.headers.Bearer…'],
    ['Authorization: Bearer SECRET', 'a.headers'],
    [['Authorization: Bearer SECRET'], 'a.headers'],
    [{ Host: 'SECRET' }, 'a.headers.Host'],
  ])('written as %j is refused, and its value not shown', (headers, field) => {
    for (const error of errorsOf({ origin: ORIGIN, headers })) {
      expect(error.field.replace(/^\w+\./, '')).toBe(field)
      expect(error.message).not.toMatch(/SECRET|pw/)
    }
  })

  test('names the setting that it refers to, if that is its name', () => {
    const headers = { A: '$API_KEY', B: '$apiKey' }
    const GROUPS = { a: { origin: ORIGIN, headers } }

    expect(errorOf({ GROUPS }).message).toContain('"$NAME" of a secret or var API_KEY that is set')
    expect(errorOf({ GROUPS, API_KEY: 'x', apiKey: 'SECRET\n' }).message).toContain('var apiKey')
    expect(errorOf({ GROUPS, API_KEY: 'SECRET\n' }).message).not.toContain('SECRET')
  })
})

describe('a secret in another place', () => {
  test.each<[string, unknown]>([
    ['tll', 'SECRET'],
    ['password', 'SECRET'],
    ['Authorization', 'Bearer SECRET'],
    ['orgin', 'https://user:SECRET@host/'],
    ['header', { Authorization: 'SECRET' }],
    ['https://user:SECRET@host/', 'x'],
    ['ttl', 'https://user:SECRET@host/'],
    ['ttl', 'Bearer SECRET'],
    ['ttl', `SECRET${'x'.repeat(100)}`],
    ['timeout', 'Basic dXNlcjpwdw== SECRET'],
    ['eviction', 'user:SECRET'],
    ['access', ['SECRET']],
    ['maxBytes', 'SECRET\n'],
  ])('is not shown as the value of %s: %j', (option, value) => {
    for (const error of errorsOf({ origin: ORIGIN, [option]: value })) {
      expect(error.field).toContain(`.a.${/^\w+/.exec(option)?.[0]}`)
      expect(error.message).not.toMatch(/SECRET|Basic|Bearer/)
    }
  })

  test.each<[string, unknown]>([
    ['NODES', 'Bearer SECRET'],
    ['NODES', 'https://user:SECRET@host'],
    ['NODES_BEFORE', ['SECRET']],
    ['REGIONS', 'https://user:SECRET@host'],
    ['REGIONS', 'weur,user:SECRET@host'],
    ['MAX_ISOLATE_BYTES', { a: 'SECRET' }],
    ['ADMIN_TOKEN', 'SECRET pw'],
    ['ADMIN_TOKEN', ['SECRET']],
    ['GROUPS', 'https://user:SECRET@host'],
    ['GROUPS', ['SECRET']],
  ])('is not shown as the value of %s: %j', (name, value) => {
    const error = errorOf({ [name]: value })

    expect(error.field).toBe(name)
    expect(error.message).not.toMatch(SECRETS)
  })

  test('is not shown as a group, nor as its name', () => {
    for (const error of errorsOf('https://user:SECRET@host/')) {
      expect(error.message).not.toMatch(SECRETS)
      expect(error.message).toContain('is a text of 25 characters; allowed: a table')
    }
    const named = errorOf({ GROUPS: { 'https://user:SECRET@host/': { origin: ORIGIN } } })
    expect(named.message).not.toMatch(SECRETS)
  })
})

describe('what is not secret', () => {
  test.each<[Settings, string]>([
    [{ NODES: 0 }, 'NODES is 0; allowed: a whole number from 1 to 512'],
    [{ NODES: 'many' }, 'NODES is "many"; '],
    [{ REGIONS: '' }, 'REGIONS is ""; allowed: at least one of wnam, enam,'],
    [{ REGIONS: ',' }, 'REGIONS is ","; allowed: at least one of wnam, enam,'],
    [{ REGIONS: ' , ' }, 'REGIONS is " , "; allowed: at least one of wnam, enam,'],
    [{ REGIONS: [] }, 'REGIONS is a list; allowed: at least one of wnam, enam,'],
    [{ REGIONS: 'weur, mars' }, 'REGIONS is "weur, mars"; '],
    [{ MAX_ISOLATE_BYTES: '64 MiB' }, 'MAX_ISOLATE_BYTES is "64 MiB"; '],
    [{ GROUPS: { a: { origin: ORIGIN, ttl: '5' } } }, 'GROUPS.a.ttl is "5"; '],
    [{ GROUPS: { a: { origin: ORIGIN, tll: '5s' } } }, 'GROUPS.a.tll is "5s"; '],
    [{ GROUPS: { a: { origin: ORIGIN, eviction: 'fifo' } } }, 'GROUPS.a.eviction is "fifo"; '],
    [{ GROUPS: { a: { origin: ORIGIN, durable: 'yes' } } }, 'GROUPS.a.durable is "yes"; '],
  ])('is shown: %j', (settings, message) => {
    expect(errorOf(settings).message).toContain(message)
  })
})

describe('headers of a kind from which nothing would be read', () => {
  const own = JSON.parse('{ "__proto__": "SECRET" }')
  test.each([
    ['Headers', new Headers({ Authorization: 'SECRET' })],
    ['a Map', new Map([['Authorization', 'SECRET']])],
    ['a Date', new Date()],
    ['an object that inherits them', Object.create({ Authorization: 'SECRET' })],
    ['a list', ['Authorization', 'SECRET']],
    ['one named __proto__', own],
    ['one twice', { 'X-Key': 'SECRET', 'x-key': 'SECRET' }],
  ])('are refused: %s', (_, headers) => {
    for (const error of errorsOf({ origin: ORIGIN, headers })) {
      expect(error.field).toMatch(/\.a\.headers/)
      expect(error.message).not.toMatch(SECRETS)
    }
  })
})

describe('text where a table or a function is meant', () => {
  test('is not shown', () => {
    const errors = [
      errorOf({ GROUPS: 'SECRETpw' }),
      errorOf({ GROUPS: { a: 'SECRETpw' } }),
      errorOf({}, { a: { load: 'SECRETpw' } }),
      errorOf({ GROUPS: { 'user:SECRETpw@h': { origin: ORIGIN } } }),
    ]

    for (const { message } of errors) expect(message).not.toMatch(/user|SECRET|pw/)
  })
})
