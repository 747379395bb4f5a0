import type { Executor } from '@seamark/core'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expectCode, expectEqual, fail } from './check.ts'
import { newLaunchId, outputOf, programsOf, run, sizeOf, specOf, withFolder } from './executor-subject.ts'
import type { Case } from './suite.ts'

/** Variables that an executor may add: its marks, what a shell or bubblewrap says of the working folder, and runc of the user's. */
const mayBeAdded = new Set(['SEAMARK_LAUNCH_ID', 'SEAMARK_SUPERVISOR', 'PWD', 'HOME'])

const hostile = [
  '',
  ' ',
  '-',
  '--',
  '-n',
  "it's",
  '"quoted"',
  'a\nb\n',
  '\\n',
  '$HOME `id` $(id) *',
  '漢字 🧭',
  '\u0001\u007f',
  'x'.repeat(5000),
]

const needsPrivate = (seam: Executor) =>
  seam.guarantees.filesystem === 'private' ? undefined : 'guarantees.filesystem is host'

/** What an attempt sees. */
export const surroundingsCases: readonly Case<Executor>[] = [
  {
    id: 'executor/empty-environment',
    about: 'The environment is what the spec says; nothing is inherited.',
    async run(subject) {
      const env = { ONE: '1', TWO: 'zwei' }
      const { launchId } = await run(subject.seam, specOf(programsOf(subject).env(), { env }))
      const seen = entries(await outputOf(subject.seam, launchId)).filter(([name]) => !mayBeAdded.has(name))
      expectEqual(Object.fromEntries(seen), env, 'environment')
    },
  },
  {
    id: 'executor/hostile-text',
    about: 'Arguments and variables arrive as they are, whatever is in them.',
    async run(subject) {
      const programs = programsOf(subject)
      const args = await run(subject.seam, specOf(programs.arguments(hostile)))
      expectEqual(
        (await outputOf(subject.seam, args.launchId)).toString().split('\0').slice(0, -1),
        hostile,
        'arguments',
      )
      const env = Object.fromEntries(hostile.map((text, i) => [`V${i}`, text]))
      const vars = await run(subject.seam, specOf(programs.env(), { env }))
      const seen = entries(await outputOf(subject.seam, vars.launchId)).filter(([name]) => !mayBeAdded.has(name))
      expectEqual(Object.fromEntries(seen), env, 'variables')
    },
  },
  {
    id: 'executor/working-folder',
    about: 'The program starts in the working folder of its spec.',
    run: async (subject) =>
      withFolder(subject.seam, async (_folder, mount) => {
        const spec = specOf(programsOf(subject).pwd(), { cwd: mount.target, mounts: [mount] })
        const { launchId } = await run(subject.seam, spec)
        expectEqual((await outputOf(subject.seam, launchId)).toString(), `${mount.target}\n`, 'working folder')
      }),
  },
  {
    id: 'executor/mounts',
    about: 'A mount shows the host’s folder at its target, for reading and for writing.',
    run: async (subject) =>
      withFolder(subject.seam, async (folder, mount) => {
        await writeFile(join(folder, 'given'), 'from the host', { mode: 0o644 })
        const programs = programsOf(subject)
        const read = await run(subject.seam, specOf(programs.read(join(mount.target, 'given')), { mounts: [mount] }))
        expectEqual((await outputOf(subject.seam, read.launchId)).toString(), 'from the host', 'what is read')
        await run(subject.seam, specOf(programs.append(join(mount.target, 'made'), 'from inside'), { mounts: [mount] }))
        expectEqual(await readFile(join(folder, 'made'), 'utf8'), 'from inside', 'what was written')
      }),
  },
  {
    id: 'executor/read-only-mounts',
    about: 'Nothing is written through a read-only mount, nor to where nothing is mounted.',
    skip: needsPrivate,
    run: async (subject) =>
      withFolder(subject.seam, async (folder, mount) => {
        // A writable attempt first, so that the owner of the folder is no longer what keeps it from writing.
        const { append } = programsOf(subject)
        await run(subject.seam, specOf(append(join(mount.target, 'made'), 'x'), { mounts: [mount] }))
        const readOnly = { ...mount, mode: 'read-only' as const }
        const inside = await run(subject.seam, specOf(append(join(mount.target, 'made'), 'y'), { mounts: [readOnly] }))
        const beside = await run(subject.seam, specOf(append(join(folder, 'made'), 'z'), { mounts: [readOnly] }))
        if (inside.exit.code === 0 || beside.exit.code === 0) fail('a write that must fail did not')
        expectEqual(await sizeOf(join(folder, 'made')), 1, 'bytes on the host')
      }),
  },
  {
    id: 'executor/host-targets',
    about: 'Where attempts see host paths, a mount with another target is refused.',
    skip: (seam) => (seam.guarantees.filesystem === 'host' ? undefined : 'guarantees.filesystem is private'),
    run: async (subject) =>
      withFolder(subject.seam, async (_folder, mount) => {
        const spec = specOf(programsOf(subject).exit(0), { mounts: [{ ...mount, target: '/elsewhere' }] })
        await expectCode('INVALID_INPUT', () => subject.seam.launch(newLaunchId(), spec), 'launch')
      }),
  },
]

function entries(output: Buffer): [string, string][] {
  return output
    .toString()
    .split('\0')
    .slice(0, -1)
    .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)])
}
