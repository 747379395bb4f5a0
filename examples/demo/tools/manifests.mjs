// Sorts the dependencies in every manifest of a package.
import { readFileSync, writeFileSync } from 'node:fs'
import { files } from './files.mjs'

const sorted = (map) => Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)))
for (const path of files('packages', /^packages\/[^/]+\/package\.json$/)) {
  const before = readFileSync(path, 'utf8')
  const manifest = JSON.parse(before)
  for (const key of ['dependencies', 'devDependencies', 'peerDependencies'])
    if (manifest[key] !== undefined) manifest[key] = sorted(manifest[key])
  const after = `${JSON.stringify(manifest, undefined, 2)}\n`
  if (after === before) continue
  writeFileSync(path, after)
  console.log(`${path}: sorted`)
}
