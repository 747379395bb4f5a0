#!/usr/bin/env node
// A program of its own, in the environment of an attempt: nobody else could read it for it.
/* oxlint-disable node/no-process-env */
// Applies the patches of an item's inputs to its workspace, in order. Plain JavaScript without
// dependencies: it runs inside the sandbox, with git and Node.js only.
import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const help = `Usage: seamark-apply INPUT...

Applies the patch of each named input ($SEAMARK_INPUTS/INPUT/patch), in order, to the workspace in
the current folder. A patch that does not apply as it is, is merged with the changes before it
where they do not touch the same lines.

Where one does not apply, its name, each conflicting file and its first hunk that does not fit are
printed, the tree is left as it was before that patch, and the exit code is 1. Other errors exit with 2.

Examples:
  seamark-apply lint docs            apply the patches of the inputs lint and docs
  seamark-apply a b && npm test      apply, then test the result
`

function fail(message, code = 2) {
  process.stderr.write(`seamark-apply: ${message}\n`)
  process.exit(code)
}

const neutral = [
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'apply.whitespace=nowarn',
  '-c',
  'gc.auto=0',
]

function git(args, { env = {}, input, allow = false } = {}) {
  const done = spawnSync('git', [...neutral, ...args], {
    input,
    env: { ...process.env, LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', ...env },
    maxBuffer: 2 ** 30,
  })
  if (done.error) fail(done.error.code === 'ENOENT' ? 'git is not installed here' : done.error.message)
  const answer = { ok: done.status === 0, stdout: done.stdout, stderr: done.stderr.toString('utf8') }
  if (!answer.ok && !allow) fail(`git ${args[0]} failed: ${answer.stderr.trim()}`)
  return answer
}

const text = (answer) => answer.stdout.toString('utf8').trim()

function patchOf(inputs, name) {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) fail(`${JSON.stringify(name)} is not the name of an input`)
  const path = join(inputs, name, 'patch')
  if (!existsSync(path))
    fail(
      `input ${name} has no patch: there is no ${path}. Give the item \`needs: { ${name}: { from: ITEM, select: patch } }\``,
    )
  return path
}

/** `FILE:LINE` of the first hunk of each file that does not fit, as git says it. Not `--reject`, which writes files. */
function hunks(path, env) {
  const { stderr } = git(['apply', '--cached', '--binary', '--verbose', path], { env, allow: true })
  return stderr
    .split('\n')
    .filter((line) =>
      /^error: (patch failed|.*already exists|.*does not exist|.*does not match|.*cannot apply)/.test(line),
    )
    .map((line) => line.replace(/^error: /, ''))
}

// The tree is made in an index and an object store of its own, so that a conflict leaves nothing behind.
function applied(name, path, before, scratch) {
  const env = { GIT_INDEX_FILE: join(scratch, `${name}.index`) }
  git(['read-tree', before], { env })
  if (git(['apply', '--cached', '--binary', path], { env, allow: true }).ok) return text(git(['write-tree'], { env }))
  git(['read-tree', before], { env })
  const merged = git(['apply', '--cached', '--3way', '--binary', path], { env, allow: true })
  const unmerged = git(['diff', '--name-only', '--diff-filter=U', '-z', '--cached'], { env })
    .stdout.toString('utf8')
    .split('\0')
    .filter((file) => file !== '')
  if (merged.ok && unmerged.length === 0) return text(git(['write-tree'], { env }))
  git(['read-tree', before], { env })
  const lines = [...unmerged.map((file) => `conflict in ${file}`), ...hunks(path, env)]
  if (lines.length === 0) lines.push(merged.stderr.trim())
  fail(`the patch of ${name} does not apply:\n${[...new Set(lines)].map((line) => `  ${line}`).join('\n')}`, 1)
}

function main(args) {
  if (args.includes('--help') || args.includes('-h')) return void process.stdout.write(help)
  if (args.length === 0 || args.some((arg) => arg.startsWith('-'))) fail(`name one or more inputs\n\n${help}`)
  const inputs = process.env.SEAMARK_INPUTS
  if (!inputs) fail('SEAMARK_INPUTS is not set: it runs in an item of a plan')
  const patches = args.map((name) => [name, patchOf(inputs, name)])
  const scratch = mkdtempSync(join(tmpdir(), 'seamark-apply-'))
  // Also when a patch does not apply, which ends the process.
  process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
  const top = git(['rev-parse', '--show-toplevel'], { allow: true })
  if (top.ok) process.chdir(top.stdout.toString('utf8').replace(/\n$/, ''))
  else {
    // An empty workspace: everything in the folder, against nothing.
    git(['init', '--quiet', '--bare', '--template=', join(scratch, 'repository')])
    process.env.GIT_DIR = join(scratch, 'repository')
    process.env.GIT_WORK_TREE = process.cwd()
  }
  for (const [name, path] of patches) {
    if (lstatSync(path).size === 0 || readFileSync(path).length === 0) {
      process.stdout.write(`${name}: nothing to apply\n`)
      continue
    }
    // What is in the folder now, changes by the item itself included.
    const env = { GIT_INDEX_FILE: join(scratch, 'now.index') }
    git(['read-tree', ...(top.ok ? ['HEAD'] : ['--empty'])], { env })
    git(['add', '--all'], { env })
    const before = text(git(['write-tree'], { env }))
    const after = applied(name, path, before, scratch)
    const change = git([
      'diff-tree',
      '-r',
      '-p',
      '--binary',
      '--full-index',
      '--no-renames',
      '--no-ext-diff',
      '--no-textconv',
      before,
      after,
    ])
    if (change.stdout.length > 0) git(['apply', '--binary', '-'], { input: change.stdout })
    const count =
      git(['diff-tree', '-r', '--name-only', '-z', before, after]).stdout.toString('latin1').split('\0').length - 1
    process.stdout.write(`${name}: ${count} ${count === 1 ? 'file' : 'files'}\n`)
  }
}

main(process.argv.slice(2))
