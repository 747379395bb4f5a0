import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { temporaryFolder } from './world.ts'

/** A disk of 256 KiB that is gone after the test; to mount it takes root. */
export function smallDisk(): { readonly dir: string; fill(): void; free(): void } {
  const dir = join(temporaryFolder(), 'small')
  mkdirSync(dir)
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=711', 'none', dir])
  expect({ status, stderr: String(stderr) }).toEqual({ status: 0, stderr: '' })
  onTestFinished(() => void spawnSync('umount', ['-l', dir]))
  const ballast = join(dir, 'ballast')
  return {
    dir,
    fill() {
      expect(() => {
        for (;;) writeFileSync(ballast, Buffer.alloc(4096), { flag: 'a' })
      }).toThrow(expect.objectContaining({ code: 'ENOSPC' }))
    },
    free: () => rmSync(ballast),
  }
}
