import { describe, expect, it } from 'vitest'
import { anchors, fileLength, links, lockfileHosts, unfinished } from '../repository-rules.ts'

const file = (path: string, text: string) => ({ path, text })

describe('repository rules', () => {
  it('rejects a source file of 401 lines and accepts one of 400', () => {
    const lines = (n: number) => 'x\n'.repeat(n)
    expect(fileLength([file('a.ts', lines(400)), file('b.ts', lines(401)), file('c.json', lines(999))])).toHaveLength(1)
  })

  it.each(['// TO' + 'DO: later', "throw new Error('not " + "implemented')", '# FIX' + 'ME'])('rejects %s', (line) => {
    expect(unfinished([file('a.ts', `fine\n${line}\n`)])).toEqual([`a.ts:2: ${line}`])
  })

  it('accepts words that only contain such a word', () => {
    expect(unfinished([file('a.ts', 'const todo = mastodon.TODOS')])).toEqual([])
  })

  it('rejects a host in the lockfile', () => {
    const text =
      'resolution: {integrity: sha512-a, tarball: http://127.0.0.1/x.tgz}\nresolution: {integrity: sha512-b}\n'
    expect(lockfileHosts([file('pnpm-lock.yaml', text), file('README.md', 'https://example.com')])).toHaveLength(1)
  })

  it('finds links that lead nowhere', () => {
    const files = [
      file(
        'docs/a.md',
        '# A `b` [c](x)?\n[one](../README.md) [two](b.md#a-title) [three](b.md#none) [four](gone.md)\n```\n[no](no.md)\n```',
      ),
      file('docs/b.md', '## A title\n[up](https://example.com/x) [self](#a-title)'),
    ]
    const paths = new Set(['README.md', 'docs', ...files.map(({ path }) => path), 'docs/x'])
    expect(links({ files, paths })).toEqual([
      'docs/a.md: no such heading: b.md#none',
      'docs/a.md: no such file: gone.md',
    ])
  })

  it('numbers headings that are the same', () => {
    expect([...anchors('# Two words\n## Two words\n')]).toEqual(['two-words', 'two-words-1'])
  })
})
