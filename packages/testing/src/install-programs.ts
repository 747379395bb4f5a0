import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Programs in a folder of their own. */
export interface InstalledPrograms {
  readonly dir: string
  /** Where they are started. */
  readonly bin: string
  remove(): void
}

/**
 * Installs packages from the npm registry as their users do, each named as `name@version`, in a temporary folder that every
 * user of the machine can read. Takes seconds to minutes.
 */
export function installPrograms(...packages: readonly string[]): InstalledPrograms {
  const dir = mkdtempSync(join(tmpdir(), 'seamark-programs-'))
  const remove = (): void => rmSync(dir, { recursive: true, force: true })
  // The user of sandboxes has to get to them.
  chmodSync(dir, 0o755)
  writeFileSync(join(dir, 'package.json'), '{"private":true}')
  try {
    execFileSync('npm', ['install', '--no-audit', '--no-fund', ...packages], { cwd: dir, stdio: 'pipe' })
  } catch (error) {
    remove()
    throw error
  }
  return { dir, bin: join(dir, 'node_modules/.bin'), remove }
}
