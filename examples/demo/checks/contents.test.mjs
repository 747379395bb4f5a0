import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { files } from '../tools/files.mjs'
import { withContents } from '../tools/with-contents.mjs'

test('every page has an up-to-date table of contents', () => {
  const pages = [...(existsSync('docs') ? files('docs', /\.md$/) : []), ...files('.', /^README\.md$/)]
  assert.ok(pages.length > 0)
  for (const page of pages) {
    const text = readFileSync(page, 'utf8')
    assert.equal(withContents(text), text, page)
  }
})

test('a second pass changes nothing', () => {
  const page = '# A\n\n## One\n\n## Two\n\n## Three\n'
  assert.notEqual(withContents(page), page)
  assert.equal(withContents(withContents(page)), withContents(page))
})
