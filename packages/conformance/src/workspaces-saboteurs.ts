import type { WorkspaceDiff, Workspaces } from '@seamark/core'
import { execFileSync } from 'node:child_process'
import { cpSync, readdirSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { saboteur } from './sabotage.ts'
import type { Saboteur } from './suite.ts'

const broken = (
  about: string,
  cases: readonly string[],
  change: (right: Workspaces) => Partial<Workspaces>,
): Saboteur<Workspaces> =>
  saboteur(
    about,
    cases.map((name) => `workspaces/${name}`),
    change,
  )

/** Diffs with something of the right one changed. */
const telling = (
  about: string,
  cases: readonly string[],
  change: (diff: WorkspaceDiff) => Partial<WorkspaceDiff>,
): Saboteur<Workspaces> =>
  broken(about, cases, (right) => ({
    async diff(workspace, dir, options) {
      const found = await right.diff(workspace, dir, options)
      return found && { ...found, ...change(found) }
    },
  }))

/** Workspaces that are broken in one way each. */
export const workspacesSaboteurs: readonly Saboteur<Workspaces>[] = [
  broken('it has no name', ['says-what-it-is'], () => ({ name: '' })),
  broken('it finds something else each time', ['pinned'], (right) => {
    let count = 0
    return {
      async resolve(source, options) {
        const found = await right.resolve(source, options)
        return Object.assign({}, found, { count: count++ })
      },
    }
  }),
  broken('it takes any source', ['hostile-sources'], (right) => ({
    resolve: (source, options) => right.resolve(source, options).catch(() => ({ type: 'empty' })),
  })),
  broken('it leaves a file of its own', ['materialized', 'apart', 'unchanged', 'diff'], (right) => ({
    async materialize(workspace, dir, options) {
      await right.materialize(workspace, dir, options)
      writeFileSync(join(dir, '.seamark-lock'), '')
    },
  })),
  broken('all folders are one', ['apart', 'at-once'], (right) => {
    let first: string | undefined
    return {
      async materialize(workspace, dir, options) {
        if (first === undefined) {
          first = dir
          return right.materialize(workspace, dir, options)
        }
        rmSync(dir, { recursive: true })
        symlinkSync(first, dir)
      },
      // A link is not walked into, so that what it leads to is given.
      diff: (workspace, dir, options) => right.diff(workspace, realpathSync(dir), options),
    }
  }),
  telling('it finds changes everywhere', ['diff', 'hostile-names'], ({ files }) => ({
    files: [...files, { path: 'made-up', change: 'added' }],
  })),
  telling('it does not tell of what was added', ['diff', 'exclude'], ({ files }) => ({
    files: files.filter(({ change }) => change !== 'added'),
  })),
  telling('its trees have no ids', ['diff'], () => ({ tree: 'head' })),
  telling('its patch is cut short', ['patch-applies'], ({ patch }) => ({ patch: patch.subarray(0, patch.length / 2) })),
  telling('its patch leaves something out', ['patch-applies'], ({ patch }) => {
    const text = Buffer.from(patch).toString('latin1')
    return { patch: Buffer.from(text.slice(text.indexOf('\ndiff --git', 1) + 1), 'latin1') }
  }),
  telling('it gives names as text that are none', ['hostile-names'], ({ files }) => ({
    files: files.map(({ path, change }) => ({ path: Buffer.from(path, 'utf8').toString('latin1'), change })),
  })),
  broken('it excludes nothing', ['exclude'], (right) => ({
    diff: (workspace, dir, options) => right.diff(workspace, dir, { ...options, exclude: ['.git'] }),
    snapshot: (dir, options) => right.snapshot(dir, { ...options, exclude: ['.git'] }),
  })),
  broken('it follows links', ['links', 'snapshot'], (right) => ({
    async *snapshot(dir, options) {
      const copy = `${dir}-followed`
      // A circle would not end; what leads elsewhere is enough.
      cpSync(dir, copy, { recursive: true, dereference: true, filter: (path) => !path.endsWith('/circle') })
      yield* right.snapshot(copy, options)
    },
  })),
  broken('it lets git look at the folder', ['starts-nothing'], (right) => ({
    async diff(workspace, dir, options) {
      const found = await right.diff(workspace, dir, options)
      if (readdirSync(dir).includes('.git'))
        try {
          execFileSync('git', ['init', '-q'], { cwd: dir, stdio: 'ignore' })
          execFileSync('git', ['status'], { cwd: dir, stdio: 'ignore' })
          execFileSync('git', ['add', '-A'], { cwd: dir, stdio: 'ignore' })
        } catch {
          // What it starts counts, not whether git is content with it.
        }
      return found
    },
  })),
  broken('its snapshot is without small files', ['snapshot'], (right) => ({
    async *snapshot(dir, options) {
      for (const name of readdirSync(dir)) {
        const file = join(dir, name)
        if (!name.startsWith('.') && statSync(file).isFile() && statSync(file).size < 100) rmSync(file)
      }
      yield* right.snapshot(dir, options)
    },
  })),
  broken('it mixes up folders when many ask', ['at-once'], (right) => {
    let last = ''
    return {
      async diff(workspace, dir, options) {
        last = dir
        await setImmediate()
        return right.diff(workspace, last, options)
      },
    }
  }),
  broken('it does not look at the signal', ['abort'], (right) => ({
    resolve: (source) => right.resolve(source),
    materialize: (workspace, dir) => right.materialize(workspace, dir),
    diff: (workspace, dir) => right.diff(workspace, dir),
    snapshot: (dir) => right.snapshot(dir),
  })),
]
