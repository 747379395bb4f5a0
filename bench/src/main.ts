/** `npm run bench`: measures the repository, each time beside the machine's own limit, and prints the table. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CASES } from './cases.ts'
import { inChild } from './child.ts'
import type { Line, Scale } from './line.ts'
import { durableCommits, machineFacts } from './machine.ts'
import type { Options } from './options.ts'
import { parseOptions, USAGE } from './options.ts'
import { serverProgram } from './server.ts'
import { jsonDocument, markdownPage, textTable } from './table.ts'
import type { Findings } from './table.ts'
import type { Conditions } from './verdict.ts'
import { judge } from './verdict.ts'

/** How often a case is measured before it is judged to be over. */
const TRIES = 3
/** Cases that measure what people install. */
const ON_A_BUILD = ['submit', 'service', 'cli']

const options = parseOptions(process.argv.slice(2))
if (typeof options === 'string') {
  console.error(`${options}\n\n${USAGE}`)
  process.exitCode = 2
} else {
  const findings = await measureAll(options)
  console.log(options.json ? JSON.stringify(jsonDocument(findings), undefined, 2) : textTable(findings))
  if (options.write !== undefined) writeFileSync(options.write, markdownPage(findings, options.date ?? ''))
  const over = findings.lines.filter((line) => judge(line, findings.conditions).status === 'over')
  if (options.judge && over.length > 0) {
    console.error(`${over.length} over: ${over.map(({ what }) => what).join('; ')}`)
    process.exitCode = 1
  }
}

async function measureAll({ scale, cases, build, judge: judged }: Options): Promise<Findings> {
  if (build && cases.some((name) => ON_A_BUILD.includes(name)) && !serverProgram().built) buildAll()
  const before = await durableCommits(scale)
  const lines: Line[] = []
  for (const name of cases) {
    const started = Date.now()
    lines.push(
      ...(judged ? await bestOf(name, { scale, commits: { before, after: before } }) : await linesOf(name, scale)),
    )
    // To the terminal: the table goes to stdout.
    console.error(`${name}: ${((Date.now() - started) / 1000).toFixed(1)} s`)
  }
  const after = await durableCommits(scale)
  return { machine: machineFacts(), conditions: { scale, commits: { before, after } }, lines }
}

/** What else runs makes a case slow now and then; a defect makes it slow each time. The try with the fewest lines over. */
async function bestOf(name: string, conditions: Conditions): Promise<readonly Line[]> {
  const overs = (lines: readonly Line[]) => lines.filter((line) => judge(line, conditions).status === 'over').length
  let best = await linesOf(name, conditions.scale)
  for (let tries = 1; tries < TRIES && overs(best) > 0; tries++) {
    const again = await linesOf(name, conditions.scale)
    if (overs(again) < overs(best)) best = again
  }
  return best
}

/** A case that fails is a line too, so that the others are still measured. */
async function linesOf(name: string, scale: Scale): Promise<readonly Line[]> {
  try {
    return (await inChild<Line[]>(CASES[name] ?? '', scale)).value
  } catch (error) {
    console.error(error)
    const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    return [{ what: name, failed: `it failed: ${first.slice(0, 200)}` }]
  }
}

/** What people install is built: its start and its memory are measured on that. */
function buildAll(): void {
  console.error('build: the packages, for the service')
  const cwd = fileURLToPath(new URL('../../', import.meta.url))
  const { status } = spawnSync(process.execPath, ['--conditions=source', 'scripts/build.ts'], { cwd, stdio: 'inherit' })
  if (status !== 0) throw new Error(`The build ended with ${status}.`)
}
