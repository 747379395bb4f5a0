// Says the licence in the first line of every entry point of a package, the way reuse.software reads it.
import { readFileSync, writeFileSync } from 'node:fs'
import { files } from './files.mjs'

const line = '// SPDX-License-Identifier: Apache-2.0\n'
for (const path of files('packages', /\/src\/index\.ts$/)) {
  const text = readFileSync(path, 'utf8')
  if (text.startsWith(line)) continue
  writeFileSync(path, line + text)
  console.log(`${path}: licence`)
}
