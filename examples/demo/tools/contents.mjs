// Gives every page of documentation with three headings or more a table of contents.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { files } from './files.mjs'
import { withContents } from './with-contents.mjs'

const pages = [...(existsSync('docs') ? files('docs', /\.md$/) : []), ...files('.', /^README\.md$/)]
for (const page of pages) {
  const before = readFileSync(page, 'utf8')
  const after = withContents(before)
  if (after === before) continue
  writeFileSync(page, after)
  console.log(`${page}: table of contents`)
}
