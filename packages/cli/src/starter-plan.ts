import { SCHEMA_FILE } from './plan-schema.ts'

/** The plan that `seamark init` writes: it runs as it is, on any repository. */
export function starterPlan(inRepository: boolean): string {
  const workspace = inRepository
    ? `workspace:
  git: .                      # this repository; each item gets its own clone of the commit
  ref: HEAD                   # uncommitted changes are named and not included
`
    : `# workspace:               # without one, every item starts in an empty folder
#   git: .                    # a repository: path, bundle or URL
#   ref: HEAD
`
  const list = inRepository ? 'git ls-files | wc -l' : 'ls -A | wc -l'
  return `# yaml-language-server: $schema=${SCHEMA_FILE}
# A Seamark plan. Run it with: seamark run seamark.yaml
version: 1
name: first-plan

${workspace}
defaults:
  timeout: 10m                # of one attempt
  # executor: sandbox         # bubblewrap, the default; \`process\` isolates nothing
  # retries: { max: 2 }       # attempts after one that failed

items:
  - id: count
    run: |
      mkdir -p reports
      ${list} > reports/files.txt
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
