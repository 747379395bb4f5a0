/** `npm run new KIND NAME`: makes a package in which all passes but the calls of the adapter, which are to be written. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { writeApi } from './api-report.ts'
import { build } from './build.ts'
import { KINDS, newPackage, requestProblems } from './new-package.ts'
import { runProgram } from './run-step.ts'

const [kind = '', name = '', ...rest] = process.argv.slice(2)
if (kind === '' || name === '' || rest.length > 0) {
  console.error(
    `usage: npm run new KIND NAME, such as: npm run new executor nomad\nKIND is one of ${KINDS.join(', ')}.`,
  )
  process.exit(2)
}
const problems = requestProblems(kind, name)
if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exit(2)
}
const made = newPackage(kind, name)
const there = [made.folder, ...Object.keys(made.files)].filter((path) => existsSync(path))
if (there.length > 0) {
  console.error(`Already there: ${there.join(', ')}. Nothing was changed.`)
  process.exit(5)
}

for (const [path, text] of Object.entries(made.files)) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text, { flag: 'wx' })
}
const { packageManager } = JSON.parse(readFileSync('package.json', 'utf8'))
const steps: readonly (readonly [what: string, argv: readonly string[]])[] = [
  ['format', ['prettier', '--write', '--log-level', 'warn', made.folder]],
  ['install', ['npx', '-y', packageManager, 'install', '--no-frozen-lockfile', '--prefer-offline']],
]
for (const [what, argv] of steps) {
  const { ok, output } = await runProgram(argv)
  if (ok) continue
  console.error(`${output.trim()}\n\n${made.folder} is written, but ${what} failed: ${argv.join(' ')}`)
  process.exit(1)
}
const { ok, output } = await build([made.folder])
if (!ok) {
  console.error(`${output.trim()}\n\n${made.folder} is written, but its build failed.`)
  process.exit(1)
}
writeApi(made.folder)

console.log(`Made ${made.folder}. Next:

  1. Write the calls in ${made.adapter}, and claim in \`guarantees\` what they hold.
  2. Make a fresh instance for each case in ${made.folder}/test/subject.ts.
  3. npx vitest run --project plain ${made.folder}    until every case passes; what needs a service goes into *.services.test.ts
  4. Name it in ARCHITECTURE.md, say in its README what it holds and what it needs, then: npm run check

docs/how-to/ has a page for each seam, write-…, with an example that is held to its suite.`)
