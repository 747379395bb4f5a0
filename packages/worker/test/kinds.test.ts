import type { OutputKind, SecretStore } from '@seamark/core'
import fc from 'fast-check'
import { createReadStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { localWorker } from '../src/index.ts'
import { dir, item, options, play, task } from './attempt.ts'
import { inPieces, read, readAll } from './read-outputs.ts'

const corpus = (name: string) => new URL(`./kinds/${name}`, import.meta.url)
const files = [
  [
    'vitest.xml',
    'junit',
    {
      tests: 4,
      failures: 2,
      errors: 0,
      skipped: 1,
      failing: ['test/sum.test.mjs > sum <&> > fails on purpose', 'test/sum.test.mjs > sum <&> > throws "so"'],
    },
  ],
  [
    'pytest.xml',
    'junit',
    {
      tests: 6,
      failures: 2,
      errors: 1,
      skipped: 1,
      failing: ['test_app > test_bad', 'test_app > test_error', 'test_app > test_param[<b>]'],
    },
  ],
  [
    'eslint.sarif',
    'sarif',
    {
      errors: 2,
      warnings: 1,
      notes: 0,
      suppressed: 1,
      findings: [
        { level: 'warning', rule: 'no-unused-vars', place: 'file:///app/lint.mjs:1' },
        { level: 'error', rule: 'no-undef', place: 'file:///app/lint.mjs:2' },
        { level: 'error', rule: 'no-else-return', place: 'file:///app/sum.mjs:2' },
      ],
    },
  ],
  ['c8-lcov.info', 'coverage', { lines: { covered: 4, total: 4 }, branches: { covered: 3, total: 3 } }],
  ['c8-cobertura.xml', 'coverage', { lines: { covered: 4, total: 4 }, branches: { covered: 3, total: 3 } }],
] as const

describe('files that real tools wrote', () => {
  it.each(files)('%s is summed up', async (name, kind, summary) => {
    expect(await readAll(kind, createReadStream(corpus(name)))).toEqual({ summary: { kind, ...summary } })
  })

  it.each(files)('%s says the same however it is cut into pieces', async (name, kind) => {
    const content = readFileSync(corpus(name))
    const whole = await readAll(kind, inPieces(content))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 50 }), async (size) => {
        expect(await readAll(kind, inPieces(content, size))).toEqual(whole)
      }),
      { numRuns: 10 },
    )
  })

  it.each(files)('%s cut off anywhere is not readable, and never more than what it was', async (name, kind) => {
    const content = readFileSync(corpus(name))
    const last = content.toString().trimEnd().length
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 0.999, noNaN: true }), async (at) => {
        const cut = await readAll(kind, inPieces(content.subarray(0, Math.floor(at * (last - 1)))))
        // Records of lcov stand each by itself.
        if (name === 'c8-lcov.info' && cut.because === undefined) return
        expect(cut).toMatchObject({ summary: { kind, unreadable: expect.any(String) }, because: 'invalid' })
      }),
      { numRuns: 50 },
    )
  })
})

it('comments, CDATA sections and instructions say nothing, however they are cut into pieces', async () => {
  const cases = '<testcase name="a"><failure/></testcase>'
  const text = `<?xml version="1.0"?><!-- ${cases} -> --><testsuite><![CDATA[${cases}]>]]]>${cases}<?a ${cases}?></testsuite><!---->`
  for (let size = 1; size < text.length; size++) {
    const { summary } = await readAll('junit', inPieces(Buffer.from(text), size))
    expect(summary).toMatchObject({ tests: 1, failing: ['a'] })
  }
})

describe('what is not of its kind', () => {
  it.each([
    ['an empty file', 'junit', ''],
    ['an empty coverage', 'coverage', ''],
    ['an empty SARIF', 'sarif', ''],
    ['a cut element', 'junit', '<testsuites><testsuite>'],
    ['an ampersand', 'junit', '<testsuites><testcase name="a & b"/></testsuites>'],
    ['HTML', 'junit', '<html><body/></html>'],
    ['two roots', 'junit', '<testsuite/><testsuite/>'],
    ['an entity of its own', 'junit', '<!DOCTYPE a [<!ENTITY x "y">]><testsuite><testcase name="&x;"/></testsuite>'],
    [
      'an entity elsewhere',
      'junit',
      '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite>&x;</testsuite>',
    ],
    ['Clover', 'coverage', '<coverage clover="3"><project><metrics statements="1"/></project></coverage>'],
    ['a count that is none', 'coverage', '<coverage lines-valid="1e9" lines-covered="1"/>'],
    ['more than there is', 'coverage', '<coverage lines-valid="1" lines-covered="2"/>'],
    ['prose', 'coverage', 'all of it\n'],
    ['lcov without an end', 'coverage', 'SF:a\nDA:1,1\n'],
    ['JSON that is none', 'sarif', '{"version":"2.1.0","runs":[}'],
    ['JSON and more', 'sarif', '{"version":"2.1.0","runs":[]} {}'],
    ['a package', 'sarif', '{"version":"2.1.0","name":"runs"}'],
    ['an older SARIF', 'sarif', '{"version":"1.0.0","runs":[]}'],
    ['a result that is none', 'sarif', '{"version":"2.1.0","runs":[{"results":[1]}]}'],
  ] as const)('%s', async (_, kind, text) => {
    expect(await read(kind, text)).toMatchObject({
      summary: { kind, unreadable: expect.any(String) },
      because: 'invalid',
    })
  })

  it('bytes that are no UTF-8', async () => {
    const found = await readAll('junit', inPieces(Buffer.from('<testsuite name="\xff"/>', 'latin1')))
    expect(found.because).toBe('invalid')
  })

  it('any bytes are either summed up or not readable', async () => {
    const kinds = fc.constantFrom<OutputKind>('junit', 'sarif', 'coverage')
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.constantFrom('SF:', '<a>', '{"runs":[]'))
    await fc.assert(
      fc.asyncProperty(kinds, texts, async (kind, text) => {
        expect((await read(kind, text)).summary.kind).toBe(kind)
      }),
    )
  })
})

describe('what results and records say', () => {
  it('levels come from rules, also where the tool comes after its results', async () => {
    const results = [{ ruleId: 'a' }, { ruleIndex: 1 }, { ruleId: 'none' }, { ruleId: 'a', kind: 'pass' }, {}]
    const rules = [
      { id: 'a', defaultConfiguration: { level: 'error' } },
      { id: 'b', defaultConfiguration: { level: 'note' } },
      { id: 'none', defaultConfiguration: { level: 'none' } },
    ]
    const runs = [
      { results, tool: { driver: { rules } } },
      { tool: { driver: {} }, results: [{ ruleId: 'a' }] },
    ]
    expect((await read('sarif', JSON.stringify({ runs, version: '2.1.0' }))).summary).toMatchObject({
      errors: 1,
      warnings: 2,
      notes: 1,
      findings: [
        { level: 'error', rule: 'a' },
        { level: 'note' },
        { level: 'warning' },
        { level: 'warning', rule: 'a' },
      ],
    })
  })

  it('rules are those of the component that a result names, and are warnings where it is not known', async () => {
    const rulesOf = (...levels: string[]) =>
      levels.map((level, n) => ({ id: `r${n}`, defaultConfiguration: { level } }))
    const driver = { name: 'tool', rules: rulesOf('note', 'note') }
    const extensions = [
      { name: 'first', rules: rulesOf('error') },
      { name: 'second', guid: 'g2', rules: rulesOf('none', 'error') },
    ]
    const of = (toolComponent: object, index = 0) => ({ ruleIndex: index, rule: { index, toolComponent } })
    const results = [
      { ruleIndex: 0 },
      of({ index: 0 }),
      of({ index: 1 }, 1),
      of({ guid: 'g2' }, 1),
      of({ name: 'first' }),
      of({ name: 'tool' }),
      { rule: { id: 'r1', toolComponent: { index: 1 } } },
      of({ index: 7 }),
      of({ name: 'other' }),
      { ruleIndex: 5 },
    ]
    for (const run of [
      { results, tool: { driver, extensions } },
      { tool: { extensions, driver }, results },
    ])
      expect((await read('sarif', JSON.stringify({ version: '2.1.0', runs: [run] }))).summary).toMatchObject({
        errors: 5,
        warnings: 3,
        notes: 2,
      })
  })

  it('a result is suppressed where all that was asked for is granted', async () => {
    const of = (...suppressions: object[]) => ({ level: 'error', suppressions })
    const results = [
      of({ kind: 'inSource' }),
      of({ kind: 'external', status: 'accepted' }),
      of({ kind: 'external', status: 'underReview' }),
      of({ kind: 'inSource' }, { kind: 'external', status: 'rejected' }),
      of(),
    ]
    const { summary } = await read('sarif', JSON.stringify({ version: '2.1.0', runs: [{ results }] }))
    expect(summary).toMatchObject({ suppressed: 2, errors: 3 })
  })

  it('lcov is counted where it has no sums, Cobertura where its root has none', async () => {
    const lcov = 'SF:a\r\nDA:1,0\r\nDA:2,5,abc\r\nend_of_record\r\nSF:b\nLF:4\nLH:1\nend_of_record\n'
    expect((await read('coverage', lcov)).summary).toEqual({ kind: 'coverage', lines: { covered: 2, total: 6 } })
    const line = '<line number="1" hits="1"/><line number="2" hits="0"/>'
    const cobertura = `<coverage line-rate="0.5"><class><methods><method><lines>${line}</lines></method></methods><lines>${line}</lines></class></coverage>`
    expect((await read('coverage', cobertura)).summary).toEqual({ kind: 'coverage', lines: { covered: 1, total: 2 } })
  })

  it('a line of Cobertura is covered where it was hit at all, however often', async () => {
    const hits = ['hits="18446744073709551615"', 'hits="1000000000"', 'hits="1"', 'hits="0"', '']
    const lines = hits.map((attribute, at) => `<line number="${at}" ${attribute}/>`).join('')
    const cobertura = `<coverage><class><lines>${lines}</lines></class></coverage>`
    expect((await read('coverage', cobertura)).summary).toEqual({ kind: 'coverage', lines: { covered: 3, total: 5 } })
  })
})

describe('an output with a kind', () => {
  const writing = (content: string, more = '') =>
    task({
      workspace: { type: 'empty' },
      item: item(`cat > r.xml <<'END'\n${content}\nEND\n${more}`, { outputs: [{ path: 'r.xml', kind: 'junit' }] }),
    })
  const failing = '<testsuite><testcase name="adds"><failure/></testcase></testsuite>'

  it('is summed up in the report of its attempt', async () => {
    const report = await play(await writing(failing))
    expect(report.verdict.outcome).toBe('succeeded')
    const summary = { kind: 'junit', tests: 1, failures: 1, errors: 0, skipped: 0, failing: ['adds'] }
    expect(report.summaries).toEqual([{ path: 'r.xml', summary }])
    expect(report.product?.outputs).toHaveLength(1)
  })

  it('is summed up where the program failed, which stays why it did', async () => {
    const report = await play(await writing(failing, 'exit 3'))
    expect(report.verdict).toMatchObject({ outcome: 'failed', reason: 'exit-code' })
    expect(report.summaries).toMatchObject([{ summary: { failing: ['adds'] } }])
    const cut = await play(await writing('<testsuite>', 'exit 3'))
    expect(cut.verdict).toMatchObject({ outcome: 'failed', reason: 'exit-code' })
    expect(cut.summaries).toMatchObject([{ summary: { unreadable: expect.any(String) } }])
  })

  it('that can not be read fails the attempt, and is kept', async () => {
    const report = await play(await writing('<testsuite>'))
    expect(report.verdict).toMatchObject({
      outcome: 'failed',
      reason: 'output-invalid',
      detail: expect.stringContaining('r.xml'),
    })
    expect(report.product?.outputs).toHaveLength(1)
  })

  it('tells no secret that is written in character references', async () => {
    const value = 'Zq8-0123456789abcdefQ'
    const secrets: SecretStore = {
      spec: 'secrets/v1',
      kind: 'test',
      name: 'test',
      guarantees: {},
      resolve: async (ref) => ({ ref, value: Buffer.from(value) }),
      describe: async (ref) => ({ ref }),
    }
    const worker = localWorker({ ...options, dir: join(dir, 'kinds-with-secrets'), secrets })
    const allow = [{ host: 'api.example', mode: 'endpoint' as const, paths: ['/*'], inject: 'key' }]
    const policy = { policy: { network: { allow } }, digest: '0'.repeat(64) }
    const hidden = Array.from(Buffer.from(value), (byte) => `&#${byte};`).join('')
    const step = await writing(`<testsuite><testcase name="${hidden}"><failure/></testcase></testsuite>`)
    const report = await play({ ...step, ...(step.item && { item: { ...step.item, policy } }) }, worker)
    expect(report.summaries).toHaveLength(1)
    expect(JSON.stringify(report)).not.toContain(value)
  })
})
