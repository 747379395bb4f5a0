import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromSystemError, systemCode } from '@seamark/kit'

/** A data folder in a repository is not committed with it: keys in a history are nobody's secret. */
export async function keepOutOfGit(dataDir: string): Promise<void> {
  const path = join(dataDir, '.gitignore')
  try {
    await writeFile(path, '*\n', { flag: 'wx', mode: 0o600 })
  } catch (error) {
    // One that is there stays as it is.
    if (systemCode(error) !== 'EEXIST') throw fromSystemError(error, `Writing ${path}`)
  }
}
