import { createHash } from 'node:crypto'
import { assert, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { coloured } from '../src/colours.ts'
import { patchView } from '../src/diff.ts'
import { factsOf } from '../src/facts.ts'
import { renderReport as render, REPORT_LIMITS } from '../src/index.ts'
import type { ReportInput } from '../src/index.ts'
import { many } from './many.ts'

const renderReport = (input: ReportInput): string => render(input, { colours: true })
const anything = string({ unit: 'binary', maxLength: 40 })
const hostile = [
  '</script><script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '</style><style>*{display:none}',
  '<!--',
  '\u202Egnp.exe\u2066',
  '&lt;b&gt;',
  "javascript:alert('x')",
]
/** All elements of a page, as they stand in it, without the style and the script. */
const elements = (page: string): readonly string[] =>
  [...page.replace(/<style>.*?<\/style>|<script>.*?<\/script>/gs, '').matchAll(/<[^>]*>/g)].map(([tag]) => tag)
const shape = (page: string): readonly string[] =>
  elements(page).map((tag) => tag.replaceAll(/"[^"]*"/g, '""').replaceAll(/\s+/g, ' '))
const textOf = (markup: string): string =>
  markup
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(
      /&(?:lt|gt|quot|#39|#x27|amp);/g,
      (entity) => ({ '&lt;': '<', '&gt;': '>', '&quot;': '"', '&amp;': '&' })[entity] ?? "'",
    )

describe('a page', () => {
  const words = { name: 'n', tool: 't', log: 'l', line: 'x' }
  const usual = shape(renderReport(many(2, words)))

  it.each(hostile)('is the same elements whatever texts say: %j', (text) => {
    const page = renderReport(many(2, { name: text, tool: text, log: text, line: 'x' }))
    expect(shape(page)).toEqual(usual)
  })

  it('holds only elements of ours and nothing that can not be seen, for any text', () => {
    assert(
      property(anything, anything, (one, other) => {
        const page = renderReport(many(2, { name: one, tool: other, log: `l${one}`, line: 'x' }))
        expect(shape(page)).toEqual(usual)
        expect(page).not.toMatch(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u200B-\u200F\u202A-\u202E\u2066-\u2069]/)
      }),
      { numRuns: 50 },
    )
  })

  it('may load nothing, and runs only the style and script that it has', () => {
    const page = renderReport(many(3))
    const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]*)"/.exec(page)?.[1]?.replaceAll('&#39;', "'")
    const hash = (tag: string): string => {
      const inside = new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(page)?.[1] ?? ''
      return `'sha256-${createHash('sha256').update(inside).digest('base64')}'`
    }
    expect(policy?.split('; ')).toEqual([
      "default-src 'none'",
      `style-src ${hash('style')}`,
      `script-src ${hash('script')}`,
      "base-uri 'none'",
      "form-action 'none'",
    ])
    expect(elements(page).filter((tag) => /\s(?:src|on\w+|style)=|url\(|href="(?!#)/.test(tag))).toEqual([])
  })

  it('has at most 5 MB for 1,000 items, with their logs', () => {
    const input = many(1_000)
    const began = process.cpuUsage()
    const page = renderReport(input)
    // Time of a processor: how busy the machine is, is not what is measured.
    const { user, system } = process.cpuUsage(began)
    expect(user + system).toBeLessThan(5_000_000)
    expect(Buffer.byteLength(page)).toBeLessThan(5_000_000)
    expect(page.match(/<details class="item"/g)).toHaveLength(1_000)
  })

  it('has what the agent of each attempt did, by its own word', () => {
    const page = textOf(renderReport(many(1)))
    expect(page).toContain(
      'Agent: 2 turns; 3 tool calls (git push 3); 2 allowed when asked; 1 denied; told 1 time that it repeats git push',
    )
    expect(page).toContain('item 1,234 tokens in, 5 out by its own count')
  })

  it('says which attempt went on in a conversation, and after which one a new one was begun', () => {
    const input = many(1)
    const launched = input.records.find(({ kind }) => kind === 'item.launched')
    const ended = input.records.find(({ kind }) => kind === 'attempt.ended')
    if (launched === undefined || ended === undefined) throw new Error('There is no attempt.')
    const attempt = (number: number, resumes: object, parked: object): readonly object[] => [
      { ...launched, attempt: number, data: { ...launched.data, ...resumes } },
      { ...ended, attempt: number, data: { outcome: 'parked', reason: 'input' } },
      {
        ...ended,
        attempt: undefined,
        kind: 'item.parked',
        data: { reason: 'input', token: 't', locksUntil: 0, ...parked },
      },
    ]
    const records = [
      ...input.records.slice(0, 2),
      ...attempt(1, {}, {}),
      ...attempt(2, { resumes: 'c-1' }, { startsOver: true }),
      ...attempt(3, {}, {}),
    ] as ReportInput['records']
    const went = 'It went on in the conversation of the attempt before.'
    const over = 'Its conversation could not be gone on with: the next attempt begins a new one.'
    const page = textOf(renderReport({ ...input, records }))
    const told = page.split(/attempt (?=\d on sandbox)/).slice(1)
    expect(told.map((text) => [text.includes(went), text.includes(over)])).toEqual([
      [false, false],
      [true, true],
      [false, false],
    ])
  })

  it('counts what is beyond its limits', () => {
    const count = REPORT_LIMITS.items + 7
    const input = many(count, { name: 'n', tool: 't', log: '', line: 'x' })
    const page = renderReport({ ...input, texts: new Map() })
    expect(page.match(/<details class="item"/g)).toHaveLength(REPORT_LIMITS.items)
    expect(page).toContain('7 items more not shown')
    expect(page).toContain(`${(count - REPORT_LIMITS.deeds).toLocaleString('en')} rows more not shown`)
  })
})

describe('facts', () => {
  it('are what records say of usage, denials, attempts and commands', () => {
    const { items, denials, models, commands } = factsOf(many(30).records)
    expect(models).toEqual(new Map([['anthropic claude-sonnet-4-5', { calls: 30, tokens: 90, nanoUsd: 90_000 }]]))
    expect(denials).toHaveLength(30)
    expect(commands.map(({ record }) => [record.actor, record.kind])).toEqual([['local:1000', 'run.submitted']])
    expect(items.map(({ needs }) => needs)).toEqual(items.map(({ index }) => (index % 10 === 0 ? [] : [index - 1])))
    for (const { attempts, outcome, spent } of items)
      expect([attempts.map((one) => one.outcome), outcome, spent.calls]).toEqual([['succeeded'], 'succeeded', 1])
  })

  it('leave out what is settled together and what never ran', () => {
    const { records } = many(4)
    const [submitted, added] = records
    const settled = { ...added, kind: 'items.settled', data: { outcome: 'skipped', ranges: [[1, 2]], reason: 'needs' } }
    const { items } = factsOf([submitted, added, settled].flatMap((record) => (record as typeof submitted) ?? []))
    expect(items.map(({ outcome }) => outcome)).toEqual([undefined, 'skipped', 'skipped', undefined])
  })
})

describe('a patch', () => {
  const patchOf = (lines: readonly string[]): string =>
    `diff --git a/a.ts b/a.ts\n--- a/a.ts\n+++ b/a.ts\n@@ -1,1 +1,1 @@\n${lines.join('\n')}\n`

  it('shows every line as it is, coloured or not', () => {
    const line = string({ unit: 'grapheme-ascii', maxLength: 60 })
    assert(
      property(line, line, line, (same, gone, come) => {
        const lines = [` ${same}`, `-${gone}`, `+${come}`, '+/* a comment', '+ over lines */', ' end']
        const { added, removed, markup } = patchView({ text: patchOf(lines), leftOut: 0 }, coloured)
        const shown = [...markup.text.matchAll(/<(ins|del|u)>(.*?)<\/\1>/gs)].map(([, , inside]) =>
          textOf(inside ?? ''),
        )
        expect(shown).toEqual(lines)
        expect([added, removed]).toEqual([3, 1])
      }),
    )
  })

  it('colours by the language of the file, with a comment over several lines whole', () => {
    const { markup } = patchView({ text: patchOf(['+/* one', '+two */', '+const a = 1']), leftOut: 0 }, coloured)
    const lines = [...markup.text.matchAll(/<ins>(.*?)<\/ins>/g)].map(([, inside]) => inside)
    expect(lines).toEqual([
      '+<span class="hljs-comment">/* one</span>',
      '+<span class="hljs-comment">two */</span>',
      '+<span class="hljs-keyword">const</span> a = <span class="hljs-number">1</span>',
    ])
  })

  it('names a binary file, one without changes, and what is left out', () => {
    const text =
      'diff --git a/x.png b/x.png\nnew file mode 100644\nGIT binary patch\nliteral 3\nKcmZ\n\ndiff --git a/y b/z\nrename from y\nrename to z\n'
    const { files, markup } = patchView({ text, leftOut: 12 }, coloured)
    expect(files).toBe(2)
    expect(textOf(markup.text)).toMatch(/x\.png binary, new file mode 100644[^]*z rename from y[^]*12 bytes more/)
  })
})
