/** Writes the generated pages; with `--check`, says which are not up to date. Each comes from the one file that knows. */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { recordsReference } from '../packages/log/src/index.ts'
import { openApiDocument, planJsonSchema } from '../packages/protocol/src/index.ts'
import { withCode } from './reference/code-blocks.ts'
import { cliPage } from './reference/cli.ts'
import { configurationPage } from './reference/configuration.ts'
import { errorsPage } from './reference/errors.ts'
import { limitsPage } from './reference/limits.ts'
import { planPage } from './reference/plan.ts'
import { probesPage } from './reference/probes.ts'

const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  'LIMITS.md': limitsPage,
  'docs/reference/cli.md': cliPage,
  'docs/reference/configuration.md': configurationPage,
  'docs/reference/errors.md': errorsPage,
  'docs/reference/openapi.json': () => `${JSON.stringify(openApiDocument(), null, 2)}\n`,
  'docs/reference/plan.schema.json': () => `${JSON.stringify(planJsonSchema(), null, 2)}\n`,
  'docs/reference/plan.md': planPage,
  'docs/reference/probes.md': probesPage,
  'docs/reference/records.md': recordsReference,
  ...Object.fromEntries(globSync('docs/*/*.md').flatMap(codeOf)),
}

/** A page that a person writes, where it takes code from files. */
function codeOf(path: string): readonly (readonly [string, () => string])[] {
  const text = readFileSync(path, 'utf8')
  if (!text.includes('<!-- code: ')) return []
  return [[path, () => withCode(text, (file) => readFileSync(file, 'utf8'))]]
}

const check = process.argv.includes('--check')
for (const [path, page] of Object.entries(pages)) {
  const text = await page()
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
