import { redactionTable } from '@seamark/kit'
import { describe, expect, it } from 'vitest'
import { KIND_LIMITS } from '../src/kinds/reader.ts'
import { inPieces, read, readAll, readAside, readWithin, repeated } from './read-outputs.ts'

/** Less than documents of 60 MB, of which each character takes a byte at least. */
const LITTLE_MIB = 40
/** A text of JSON is held to its end. */
const TEXT_MIB = 150

describe('hostile sizes', () => {
  it.each([
    ['too many bytes', 'junit', '<testsuite>', '<testcase name="a"/>', KIND_LIMITS.documentBytes + 1],
    ['elements inside each other', 'junit', '', '<testsuite>', 1_000_000],
    ['attributes', 'junit', '<testsuite ', Array.from({ length: 1_000 }, (_, n) => `a${n}="" `).join(''), 100_000],
    ['lists inside each other', 'sarif', '', '[', 1_000_000],
    ['one result without end', 'sarif', '{"runs":[{"results":[{"a":[0', ',0', 4_000_000],
    ['a tag without end', 'junit', '<testsuite name="', ';>', 4_000_000],
    ['a name without end', 'junit', '<testsuite', 'a', 4_000_000],
    ['a reference without end', 'junit', '<testsuite>&', 'a ', 4_000_000],
    ['an instruction without end', 'junit', '<?xml version="', '>', 4_000_000],
    ['a line without end', 'coverage', 'SF:', 'a', 1_000_000],
  ] as const)('%s', async (_, kind, head, text, bytes) => {
    const found = await readAll(kind, repeated(head, text, bytes))
    expect(found).toMatchObject({ summary: { kind }, because: 'limit' })
  })

  it('a text of JSON', async () => {
    const found = await readAll('sarif', repeated('{"version":"', 'a', 5_000_000, '"}'))
    expect(found).toMatchObject({ summary: { kind: 'sarif' }, because: 'limit' })
  })

  it('time', async () => {
    const found = await readAside('junit', repeated('<testsuite>', '<testcase name="a"/>', 40_000_000), 20)
    expect(found.because).toBe('limit')
    expect(found.bytes).toBeGreaterThan(40_000_000)
  })

  it.each([
    ['texts of escapes', TEXT_MIB, 'sarif', '{"version":"2.1.0","a":"', String.raw`\n`, '"}', 'limit'],
    ['a version that is a list', LITTLE_MIB, 'sarif', '{"version":[{}', ',{}', '],"runs":[]}', 'invalid'],
    ['a comment of dashes', LITTLE_MIB, 'junit', '<testsuite><!-- ', '-a', '--></testsuite>', undefined],
    ['CDATA of brackets', LITTLE_MIB, 'junit', '<testsuite><![CDATA[', ']x', ']]></testsuite>', undefined],
  ] as const)('60 MB of %s take little memory', async (...given) => {
    const [, heapMiB, kind, head, text, end, because] = given
    expect(await readWithin(heapMiB, kind, repeated(head, text, 60_000_000, end))).toMatchObject({
      summary: { kind },
      ...(because !== undefined && { because }),
    })
  })

  it('60 MB of cases and of text take little memory, and are counted', async () => {
    const text = `<testcase name="a"><failure>${'x'.repeat(1_000)}</failure></testcase>`
    const found = await readWithin(LITTLE_MIB, 'junit', repeated('<testsuite>', text, 60_000_000, '</testsuite>'))
    if (found === undefined || !('failing' in found.summary)) throw new Error('It is summed up.')
    const { summary } = found
    expect(summary.failures).toBeGreaterThan(50_000)
    expect(summary.failing).toHaveLength(10)
  })
})

describe('names', () => {
  const value = 'Zq8-0123456789abcdefQ'
  const secrets = redactionTable([{ name: 'key', value: Buffer.from(value) }])
  const long = `${'n'.repeat(110)} ${value}`

  it.each([
    ['a case', 'junit', `<testsuite><testcase name="${long}"><failure/></testcase></testsuite>`],
    [
      'one after much space',
      'junit',
      `<testsuite><testcase name="${' '.repeat(60_000)}${long}"><error/></testcase></testsuite>`,
    ],
    [
      'rules and places',
      'sarif',
      JSON.stringify({
        version: '2.1.0',
        runs: [
          {
            results: [
              {
                ruleId: long,
                locations: [{ physicalLocation: { artifactLocation: { uri: long }, region: { startLine: 1 } } }],
              },
            ],
          },
        ],
      }),
    ],
  ] as const)('of %s have no beginning of a secret where they are cut', async (_, kind, text) => {
    const { summary } = await readAll(kind, inPieces(Buffer.from(text)), secrets)
    expect(summary).not.toHaveProperty('unreadable')
    expect(JSON.stringify(summary)).toContain('n [redacte')
    expect(JSON.stringify(summary)).not.toContain(value.slice(0, 3))
  })

  it('of more characters than are looked at end the reading', async () => {
    const name = 'n'.repeat(KIND_LIMITS.nameCharacters + 1)
    const found = await read('junit', `<testsuite><testcase name="${name}"><failure/></testcase></testsuite>`)
    expect(found).toMatchObject({ summary: { kind: 'junit' }, because: 'limit' })
  })
})
