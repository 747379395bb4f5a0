import { dirname, join } from 'node:path'
import type { Plan } from '@seamark/core'
import { SeamError, shellLine } from '@seamark/kit'
import { exists } from './exists.ts'
import type { PlanFile } from './plan-file.ts'
import { runGit } from './run-git.ts'
import type { GitAnswer } from './run-git.ts'

/** Id of the only item. */
export const ONE_ITEM = 'command'

/**
 * A plan of one item that runs a command given word by word, on the last commit of the repository around `cwd` and in the same folder
 * of it; in an empty workspace where there is none. Errors: `UNAVAILABLE` without git; `INVALID_INPUT` for a repository that git
 * does not take.
 */
export async function oneItemPlan(
  cwd: string,
  words: readonly string[],
  { executor }: { readonly executor?: string | undefined },
): Promise<PlanFile> {
  const top = await topOf(cwd)
  const below = top === undefined ? '' : lineOf(await runGit(cwd, ['rev-parse', '--show-prefix']))
  const line = shellLine(words)
  const plan: Plan = {
    version: 1,
    ...nameOf(line),
    ...(top !== undefined && { workspace: { git: top } }),
    items: [
      {
        id: ONE_ITEM,
        run: below === '' ? line : `cd ${shellLine([`./${below}`])} && ${line}`,
        ...(executor !== undefined && { executor }),
      },
    ],
  }
  return { file: 'the command', bytes: Buffer.from(JSON.stringify(plan)), format: 'json' }
}

/** The top folder of the repository around a folder; `undefined` where there is none. */
async function topOf(cwd: string): Promise<string | undefined> {
  const answer = await runGit(cwd, ['rev-parse', '--show-toplevel'])
  if (answer.code === 0) return lineOf(answer)
  // One that git does not take must not become an empty workspace.
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (await exists(join(folder, '.git')))
      throw new SeamError('INVALID_INPUT', `git does not take the repository in ${folder}: ${answer.stderr.trim()}`, {
        remedy: 'Correct what git says, or start in another folder.',
      })
    if (folder === dirname(folder)) return undefined
  }
}

function lineOf({ stdout }: GitAnswer): string {
  return stdout.replace(/\n$/, '')
}

/** The command as the name of its run, where it can be one. */
function nameOf(line: string): Pick<Plan, 'name'> {
  const name = line.length <= 200 ? line : `${line.slice(0, 199).toWellFormed()}…`
  return /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name) ? {} : { name }
}
