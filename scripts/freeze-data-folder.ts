/**
 * `node --conditions=source scripts/freeze-data-folder.ts`: makes a data folder with real runs of the present version and
 * keeps it as `apps/server/test/data-folders/VERSION.tar.gz`, for later versions to be tried on. One that is there stays:
 * a released version writes no other.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { runProgram } from './run-step.ts'

const { version }: { version: string } = JSON.parse(readFileSync('apps/server/package.json', 'utf8'))
const main = resolve('apps/server/src/main.ts')
const folder = resolve('apps/server/test/data-folders')
const archive = join(folder, `${version}.tar.gz`)

const plans = {
  succeeded: {
    version: 1,
    name: 'greet',
    defaults: { executor: 'process' },
    items: [
      { id: 'hello', run: 'echo hello > hello.txt' },
      {
        id: 'both',
        needs: { first: { from: 'hello', select: 'patch' } },
        run: 'echo world > world.txt',
        outputs: [{ path: 'world.txt' }],
        gates: [{ run: 'test -s world.txt' }],
      },
    ],
  },
  failed: {
    version: 1,
    name: 'give up',
    defaults: { executor: 'process', retries: { max: 1 } },
    items: [
      { id: 'fails', run: 'echo why >&2; exit 3' },
      { id: 'after', needs: ['fails'], run: 'true' },
    ],
  },
}

async function must(codes: readonly string[], argv: readonly string[], cwd: string): Promise<void> {
  // Whichever way it ends is said by its last line.
  const { output } = await runProgram(['sh', '-c', '"$@"; echo "ended with $?"', 'sh', ...argv], cwd)
  if (!codes.some((code) => output.endsWith(`ended with ${code}\n`))) throw new Error(`${argv.join(' ')}\n${output}`)
}

if (existsSync(archive)) {
  console.error(`${archive} is there: a released version writes no other. Remove it only before its release.`)
  process.exit(5)
}
const dir = mkdtempSync(join(tmpdir(), 'seamark-frozen-'))
try {
  for (const [outcome, plan] of Object.entries(plans)) {
    writeFileSync(join(dir, `${outcome}.json`), JSON.stringify(plan))
    const seamark = [process.execPath, '--conditions=source', main, 'run', `${outcome}.json`]
    await must([outcome === 'failed' ? '11' : '0'], seamark, dir)
  }
  mkdirSync(folder, { recursive: true })
  // What belongs to a machine or a process is left out, as in a backup.
  const parts = ['journal/default/journal.db', 'journal/default/checkpoint.json', 'keys', 'storage', '.gitignore']
  const same = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner']
  await must(['0'], ['tar', '-C', join(dir, '.seamark'), ...same, '-czf', archive, ...parts], dir)
  console.log(archive)
} finally {
  rmSync(dir, { recursive: true, force: true })
}
