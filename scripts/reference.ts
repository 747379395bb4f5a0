/** Writes the generated pages; with `--check`, says which are not up to date. Each comes from the one file that knows. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { recordsReference } from '../packages/log/src/index.ts'
import { openApiDocument, planJsonSchema } from '../packages/protocol/src/index.ts'
import { errorsPage } from './reference/errors.ts'
import { limitsPage } from './reference/limits.ts'

const pages: Readonly<Record<string, () => string>> = {
  'LIMITS.md': limitsPage,
  'docs/reference/errors.md': errorsPage,
  'docs/reference/openapi.json': () => `${JSON.stringify(openApiDocument(), null, 2)}\n`,
  'docs/reference/plan.schema.json': () => `${JSON.stringify(planJsonSchema(), null, 2)}\n`,
  'docs/reference/records.md': recordsReference,
}

const check = process.argv.includes('--check')
for (const [path, page] of Object.entries(pages)) {
  const text = page()
  if (text === readIfThere(path)) continue
  if (check) {
    console.error(`${path} is not what its source says. Run: npm run format`)
    process.exitCode = 1
  } else {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
