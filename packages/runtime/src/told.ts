import type { AgentInstruction } from '@seamark/core'
import { SeamError, sha256Hex } from '@seamark/kit'
import type { Shared } from './given.ts'

/** As many as the record of a launch has room for beside the instructions. */
const MAX_SKILLS = 32

/**
 * Digests of what the options of a runtime tell every agent: `instructions`, and each skill as `skills/NAME/SKILL.md`. Errors:
 * `INVALID_INPUT` for more than 32 skills.
 */
export function toldByOptions({
  instructions,
  skills = {},
}: Pick<Shared<never>, 'instructions' | 'skills'>): readonly AgentInstruction[] {
  const texts = Object.entries(skills).toSorted(([a], [b]) => (a < b ? -1 : 1))
  if (texts.length > MAX_SKILLS)
    throw new SeamError('INVALID_INPUT', `There are ${texts.length} skills.`, {
      remedy: `Give a runtime at most ${MAX_SKILLS}, and agents the others in their folders.`,
      place: { pointer: '/skills' },
    })
  return [
    ...(instructions === undefined ? [] : [{ path: 'instructions', sha256: sha256Hex(instructions) }]),
    ...texts.map(([name, text]) => ({ path: `skills/${name}/SKILL.md`, sha256: sha256Hex(text) })),
  ]
}
