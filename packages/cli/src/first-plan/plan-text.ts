import { SCHEMA_FILE } from '../plan-schema.ts'
import type { DetectedProject, DetectedSetup } from './project.ts'

/** What `seamark init` writes for. */
export interface FirstPlan {
  /** The command that runs it. */
  readonly command: string
  /** The folder is a repository, from whose commit items begin. */
  readonly inRepository: boolean
  readonly projects: readonly DetectedProject[]
}

/** The plan that `seamark init` writes: it runs as it is. */
export function planText({ command, inRepository, projects }: FirstPlan): string {
  const tested = inRepository ? projects.filter((project) => project.test !== undefined) : []
  const ready = tested.filter(({ missing }) => missing === undefined)
  const files = ready.flatMap(({ because }) => because)
  const made = ready.length === 0 ? '' : `# Made for what is in this folder: ${files.join(', ')}.\n`
  return `# yaml-language-server: $schema=${SCHEMA_FILE}
# A Seamark plan. Run it with: ${command}
${made}version: 1
name: first-plan

${workspace(inRepository, setupOf(ready))}
defaults:
  timeout: ${ready.length === 0 ? '10m' : '30m'}                # of one attempt
  # executor: sandbox         # bubblewrap, the default; \`process\` isolates nothing
  # retries: { max: 2 }       # attempts after one that failed

items:
${ready.length === 0 ? sampleItems(inRepository) : testedItems(ready)}${tested.map(leftOut).join('')}`
}

/** One set-up that does what each of the projects needs; nothing where they need none. */
export function setupOf(projects: readonly DetectedProject[]): Omit<DetectedSetup, 'registry'> | undefined {
  const setups = projects.flatMap(({ setup }) => (setup === undefined ? [] : [setup]))
  if (setups.length === 0) return undefined
  return {
    run: setups.map(({ run }) => run).join(' && '),
    key: setups.flatMap(({ key }) => key),
    paths: setups.flatMap(({ paths }) => paths),
    hosts: setups.flatMap(({ hosts }) => hosts),
  }
}

function workspace(inRepository: boolean, setup: ReturnType<typeof setupOf>): string {
  if (!inRepository)
    return `# workspace:               # without one, every item starts in an empty folder
#   git: .                    # a repository: path, bundle or URL
#   ref: HEAD
`
  return `workspace:
  git: .                      # this repository; each item gets its own clone of the commit
  ref: HEAD                   # uncommitted changes are named and not included
${
  setup === undefined
    ? ''
    : `  setup:                      # once; every item finds what it leaves
    run: ${setup.run}
    key: [${setup.key.join(', ')}]
    paths: [${setup.paths.join(', ')}]
`
}`
}

function testedItems(projects: readonly DetectedProject[]): string {
  const ids = projects.map(({ program }) => (projects.length === 1 ? 'test' : `test-${program}`))
  const tests = projects.map(
    ({ test = '', env }, at) => `  - id: ${ids[at] ?? ''}
    run: ${test}
${env === undefined ? '' : `    env: ${inFlow(env)}\n`}`,
  )
  const gates = projects.map(({ test = '' }) => `      - run: ${test}\n`)
  const [variables = {}] = projects.flatMap(({ env }) => (env === undefined ? [] : [env]))
  const env = Object.keys(variables).length === 0 ? '' : `    env: ${inFlow(variables)}\n`
  return `${tests.join('\n')}
  - id: note                  # a change, and what judges it; an agent would have \`prompt\` in place of \`run\`
    run: echo "Written by an item of a plan." > NOTE.txt
${env}    locks: [NOTE.txt]         # no two items that lock the same path run at once; also "docs/**" and "name:deploy"
    gates:                    # each judges the patch in a fresh sandbox
${gates.join('')}`
}

function inFlow(env: Readonly<Record<string, string>>): string {
  return `{ ${Object.entries(env)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ')} }`
}

function leftOut({ test = '', program, missing }: DetectedProject): string {
  if (missing === undefined) return ''
  return `
  # Left out, since ${missing}; docs/how-to/set-up.md says how a set-up installs what tests need:
  # - id: test-${program}
  #   run: ${test}
`
}

function sampleItems(inRepository: boolean): string {
  return `  - id: count
    run: |
      mkdir -p reports
      ${inRepository ? 'git ls-files | wc -l' : 'ls -A | wc -l'} > reports/files.txt
    outputs: [{ path: reports/files.txt }]   # must be there, or the item has failed

  - id: note
    run: echo "Written by an item of a plan." > NOTE.txt
    locks: [NOTE.txt]         # no two items that lock the same path run at once; also "docs/**" and "name:deploy"
    gates:
      - run: test -s NOTE.txt # judges the patch in a fresh sandbox

  - id: together
    needs:                    # what it needs is at $SEAMARK_INPUTS/count and $SEAMARK_INPUTS/note
      count: { from: count, select: patch }
      note: { from: note, select: patch }
    run: seamark-apply count note && cat NOTE.txt reports/files.txt
`
}
