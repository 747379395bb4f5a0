import { fromSystemError, SeamError } from '@seamark/kit'
import { createFile, makeFolder } from '@seamark/kit/files'
import { dirname, resolve } from 'node:path'
import { readPrivateFile } from './private-file.ts'

const longestFile = 16 * 1024
const identity = /^AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]+$/

/** The identities of a file as `age-keygen` writes it. Errors: `NOT_FOUND`, `FORBIDDEN`, `INTEGRITY`. */
export async function readIdentities(file: string): Promise<readonly string[]> {
  const path = resolve(file)
  const bytes = await readPrivateFile(path, longestFile)
  if (bytes === undefined)
    throw new SeamError('NOT_FOUND', `There is no identity file ${path}.`, {
      remedy: 'Name the right one. A new one is made by age-keygen -o FILE.',
    })
  const lines = bytes.toString('latin1').split(/\r?\n/)
  const identities: string[] = []
  for (const [index, line] of lines.entries()) {
    if (line === '' || line.startsWith('#')) continue
    // The line is not quoted: it may be most of a key.
    if (!identity.test(line))
      throw new SeamError('INTEGRITY', `The identity file ${path} has no identity in line ${index + 1}.`, {
        place: { pointer: '', line: index + 1 },
        remedy: 'Restore it from a backup.',
      })
    identities.push(line)
  }
  if (identities.length === 0)
    throw new SeamError('INTEGRITY', `The identity file ${path} has no identity.`, {
      remedy: 'Restore it from a backup.',
    })
  return identities
}

/**
 * Makes an identity file, durably, with mode 0600, as `age-keygen` does; `false` if there is a file, which is left as
 * it is. Resolves with the recipient (`age1…`), which is no secret. Errors: those of the system.
 */
export async function makeIdentityFile(file: string): Promise<{ readonly recipient: string } | false> {
  const path = resolve(file)
  try {
    await makeFolder(dirname(path))
    const { newIdentity } = await import('./age-port.ts')
    const made = await newIdentity()
    const text = `# public key: ${made.recipient}\n${made.identity}\n`
    return (await createFile(path, Buffer.from(text))) && { recipient: made.recipient }
  } catch (error) {
    throw fromSystemError(error, `Making the identity file ${path}`)
  }
}
