import type { RuntimeLaunch } from '@seamark/core'
import { SeamError } from '@seamark/kit'

/** As much as of a skill in an agent's folder. */
const MOST_BYTES = 64 * 1024

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/

/** Texts of `SKILL.md` as files in a folder of the home. Errors: `INVALID_INPUT` for a name that is none, `LIMIT_EXCEEDED` over 64 KiB. */
export function skillFiles(folder: string, skills: Readonly<Record<string, string>>): RuntimeLaunch['files'] {
  return Object.entries(skills).map(([name, text]) => {
    if (!NAME.test(name))
      throw new SeamError('INVALID_INPUT', 'The name of a skill is none.', {
        remedy: 'Write letters, digits, - and _, at most 64 of them.',
        place: { pointer: '/skills' },
      })
    const bytes = new TextEncoder().encode(text)
    if (bytes.byteLength > MOST_BYTES)
      throw new SeamError('LIMIT_EXCEEDED', `The skill ${name} has ${bytes.byteLength} bytes.`, {
        remedy: `Keep it below ${MOST_BYTES + 1}, and give what is longer to an agent as files of its folder.`,
        place: { pointer: `/skills/${name}` },
      })
    return { path: `${folder}/${name}/SKILL.md`, bytes, mode: 0o644 }
  })
}
