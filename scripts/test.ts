/**
 * `npm test` (`plain`: what needs no service, and the sandbox where bubblewrap works) and `npm run test:services`
 * (`services`: installs what the rest needs, runs the rest, and fails where anything is skipped). `npm run test:live`
 * (`live`) runs what needs an account of AWS, where its credentials are in the environment.
 * Further arguments are those of `vitest run`, such as `--project plain`. The last line is always
 * `N passed, N failed, N skipped`.
 */
import { spawnSync } from 'node:child_process'
import { relative } from 'node:path'
import { createVitest, parseCLI, startVitest } from 'vitest/node'
import type { TestCase, TestModule } from 'vitest/node'
import { BUBBLEWRAP, install, installLine, missing, SERVICE_TOOLS } from './tools.ts'

const [mode = 'plain', ...argv] = process.argv.slice(2)
const services = mode === 'services'
const live = mode === 'live'
const root = process.cwd()

if (live && process.env['AWS_REGION'] === undefined) {
  console.log('Nothing ran: there is no account of AWS in the environment (AWS_REGION, and credentials as its client')
  console.log('takes them, such as AWS_PROFILE). What is claimed of AWS stays unproven.')
  console.log('\n0 passed, 0 failed, 0 skipped')
  process.exit(0)
}

if (services) install(SERVICE_TOOLS)
const noSandbox = missing(BUBBLEWRAP)
const { filter, options } = parseCLI(['vitest', 'run', ...argv])
const local = services ? ['sandbox', 'services'] : ['plain', ...(noSandbox === undefined ? ['sandbox'] : [])]
const project = live ? ['live'] : [options.project ?? local].flat()

const vitest = await startVitest('test', filter, {
  ...options,
  run: true,
  watch: false,
  project,
  passWithNoTests: true,
})
const modules = vitest.state.getTestModules()
const unhandled = vitest.state.getUnhandledErrors().length
await vitest.close()

const cases = modules.flatMap((module) => [...module.children.allTests()])
const count = (state: string): number => cases.filter((test) => test.result().state === state).length
const brokenFiles = modules.filter((module) => module.errors().length > 0).length
const skipped = count('skipped')
let passed = count('passed')
let failed = count('failed') + brokenFiles + unhandled

if (services) {
  const golden = spawnSync('python3', ['vectors/verify.py'], { encoding: 'utf8' })
  console.log(`vectors/verify.py: ${golden.status === 0 ? 'passed' : 'failed'}`)
  if (golden.status === 0) passed += 1
  else {
    failed += 1
    console.error(`${golden.stdout ?? ''}${golden.stderr ?? ''}${golden.error?.message ?? ''}`)
  }
} else if (!live && filter.length === 0) await printLeftOut()

// A conformance case may be skipped where the implementation declares that it does not apply, and with it what is
// broken only in that case; nothing else may.
const undeclared = cases.filter((test) => test.result().state === 'skipped' && !isDeclared(test))
for (const test of undeclared) console.log(`skipped: ${place(test.module)} > ${test.fullName}`)
if (passed + failed + skipped === 0) console.log('No test ran.')
const bad = failed > 0 || passed === 0 || (services && undeclared.length > 0)
process.exitCode = bad ? 1 : 0
console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`)

async function printLeftOut(): Promise<void> {
  const left = ['services', 'sandbox'].filter((name) => !project.includes(name))
  const lister = await createVitest('test', { watch: false, project: left })
  const files = [...new Set((await lister.globTestSpecifications()).map((spec) => relative(root, spec.moduleId)))]
  await lister.close()
  console.log('\nLeft out of this run:')
  for (const file of files.sort()) console.log(`  ${file}`)
  console.log('  vectors/verify.py')
  if (noSandbox !== undefined) console.log(`  (${noSandbox}; as root: ${installLine([BUBBLEWRAP])})`)
  console.log('`npm run test:services` installs what these need and runs them.')
}

function isDeclared(test: TestCase): boolean {
  if (/(?:^| > )conformance \S+\/v\d+ > /.test(test.fullName)) return true
  const [, spec, id] = /(?:^| > )saboteurs (\S+\/v\d+) > (\S+) rejects: /.exec(test.fullName) ?? []
  if (spec === undefined) return false
  const broken = [...test.module.children.allTests('skipped')]
  return broken.some(({ fullName }) => fullName.includes(`conformance ${spec} > ${id}: `))
}

function place(module: TestModule): string {
  return relative(root, module.moduleId)
}
