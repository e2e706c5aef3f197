import { expect, test } from 'vitest'
import packageJson from '../../package.json'
import { problemCodes } from '../../src/edge/http/problem.ts'
import { openapi } from '../../src/edge/openapi.ts'

type Json = Record<string, unknown>

/** As it is sent. */
const document = JSON.parse(JSON.stringify(openapi)) as Json & {
  info: Json
  paths: Record<string, Record<string, Json>>
  components: Record<string, Record<string, Json>>
}

const METHODS = ['get', 'head', 'post', 'put', 'delete', 'options']

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item)
    .filter(([field]) => METHODS.includes(field))
    .map(([method, operation]) => ({ name: `${method} ${path}`, path, item, operation })),
)

/** Every object within, with the fields that lead to it. */
function* within(value: unknown, fields: readonly string[] = []): Generator<[string[], Json]> {
  if (typeof value !== 'object' || value === null) return
  yield [[...fields], value as Json]
  for (const [field, part] of Object.entries(value)) yield* within(part, [...fields, field])
}

function resolve(reference: string): unknown {
  const fields = reference.replace('#/', '').split('/')
  return fields.reduce((part: unknown, field) => (part as Json)[field], document)
}

test('the document is OpenAPI 3.1, of this version', () => {
  expect(document.openapi).toBe('3.1.0')
  expect(document.info).toMatchObject({ title: packageJson.name, version: packageJson.version })
  expect(document.info.license).toEqual({ name: 'MIT', identifier: packageJson.license })
})

test('every reference leads somewhere, and every component is referred to', () => {
  const references = Array.from(within(document), ([, { $ref }]) => $ref as string | undefined)
  const used = new Set(references.filter((reference) => reference !== undefined))
  const components = ['schemas', 'responses', 'headers'].flatMap((kind) =>
    Object.keys(document.components[kind] as Json).map((name) => `#/components/${kind}/${name}`),
  )

  expect([...used].sort()).toEqual(components.sort())
  for (const reference of used) expect(resolve(reference), reference).toBeInstanceOf(Object)
})

test('components have names that OpenAPI allows', () => {
  const names = Object.values(document.components).flatMap(Object.keys)

  expect(names.filter((name) => !/^[A-Za-z0-9._-]+$/.test(name))).toEqual([])
})

test('every operation has a summary, its security, and responses with descriptions', () => {
  for (const { name, operation } of operations) {
    expect(operation, name).toMatchObject({
      summary: expect.any(String),
      security: expect.any(Array),
    })
    const responses = Object.entries(operation.responses as Record<string, Json>)
    expect(responses.length, name).toBeGreaterThan(0)
    for (const [status, response] of responses) {
      const { description } = (
        '$ref' in response ? resolve(response.$ref as string) : response
      ) as Json
      expect(status, name).toMatch(/^[2-5]\d\d$/)
      expect(description, `${name} ${status}`).toEqual(expect.any(String))
    }
  }
})

test('every operation but OPTIONS has a name of its own, for those who generate clients', () => {
  const names = operations
    .filter(({ name }) => !name.startsWith('options'))
    .map(({ operation }) => operation.operationId)

  expect(names).not.toContain(undefined)
  expect(new Set(names).size).toBe(names.length)
})

test('what is secured is secured by a scheme that is described', () => {
  const schemes = operations.flatMap(({ operation }) =>
    (operation.security as Json[]).flatMap(Object.keys),
  )

  expect([...new Set(schemes)]).toEqual(Object.keys(document.components.securitySchemes as Json))
})

test('every variable of a path is a parameter of it, and required', () => {
  for (const { name, path, item } of operations) {
    const variables = Array.from(path.matchAll(/\{(\w+)\}/g), ([, variable]) => variable)
    const parameters = (item.parameters ?? []) as unknown as Json[]

    expect(parameters.map((parameter) => parameter.name)).toEqual(variables)
    for (const parameter of parameters) {
      expect(parameter, name).toMatchObject({ in: 'path', required: true })
    }
  }
})

test('the codes are those of the table of errors, and each is answered somewhere', () => {
  const { Problem } = document.components.schemas as Record<string, { properties: Json }>
  const responses = Object.entries(document.components.responses as Json)
  const answered = responses.flatMap(([, response]) =>
    Array.from(within(response), ([fields, { enum: codes }]) =>
      fields.at(-1) === 'code' ? (codes as string[]) : [],
    ).flat(),
  )

  expect(Problem?.properties.code).toEqual({ type: 'string', enum: problemCodes })
  // These two are for what the document does not have: its description names them.
  const elsewhere = ['method-not-allowed', 'no-such-route']
  expect([...new Set(answered), ...elsewhere].sort()).toEqual([...problemCodes].sort())
  for (const code of elsewhere) expect(document.info.description).toContain(`\`${code}\``)
})

test('the document says that a key may contain slashes', () => {
  expect(document.info.description).toContain('`{key}` may contain slashes')
})
