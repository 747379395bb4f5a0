import type { RuntimeLaunch } from '@seamark/core'
import { SeamError } from '@seamark/kit'

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/

/** Texts of `SKILL.md` as files in a folder of the home. Errors: `INVALID_INPUT` for a name that is none. */
export function skillFiles(folder: string, skills: Readonly<Record<string, string>>): RuntimeLaunch['files'] {
  return Object.entries(skills).map(([name, text]) => {
    if (!NAME.test(name))
      throw new SeamError('INVALID_INPUT', 'The name of a skill is none.', {
        remedy: 'Write letters, digits, - and _, at most 64 of them.',
        place: { pointer: '/skills' },
      })
    return { path: `${folder}/${name}/SKILL.md`, bytes: new TextEncoder().encode(text), mode: 0o644 }
  })
}
