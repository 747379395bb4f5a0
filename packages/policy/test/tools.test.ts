import { describe, expect, test } from 'vitest'
import { parseCommandLine, toolMatcher } from '../src/index.ts'

const usual = toolMatcher({ tools: { shell: ['git *', 'npm test', 'find *', 'echo *'], deny: ['git push*'] } })
const denyOnly = toolMatcher({ tools: { deny: ['git push*', 'rm -rf*', 'npm publish'] } })

function reason(decision: ReturnType<typeof usual.line>): string {
  return decision.allowed ? 'allowed' : decision.reason
}

describe('a line that shell allows', () => {
  test.each([
    'git status',
    'git',
    '  git\tstatus  ',
    'git commit -m "a b; c" --author=\'x <y>\'',
    'g"it" status',
    'git log HEAD~1',
    'npm test',
    'npm test && git status; git diff | git apply',
    'git status\nnpm test\n\n',
    'git status &&\n npm test',
    'sh -c "npm test"',
    'bash -lc "git status && npm test"',
    "/bin/sh -ec 'git status'",
    'sh -c "sh -c \'npm test\'"',
    'find . -name x',
    "git log --grep '$HOME `x` *'",
    'git log --grep push',
    '',
  ])('%j', (line) => {
    expect(usual.line(line)).toEqual({ allowed: true })
  })
})

describe('a line that shell does not name', () => {
  test.each([
    'npm test --force',
    'npm run test',
    'npm',
    'cargo build',
    'git-status',
    './git status',
    '/tmp/git status',
    '/usr/bin/git status',
    'GIT status',
    'git status && cargo build',
    'git status | sh',
    'git status; rm x',
    'env git status',
    'sh script.sh',
    'sh -c "cargo build"',
    'sh -c "git status; cargo build"',
    'sudo git status',
    '"git status"',
    'git\\ status',
    'gіt status',
  ])('%j', (line) => {
    expect(['not-listed', 'hidden']).toContain(reason(usual.line(line)))
  })
})

describe('a line that can not be read', () => {
  test.each([
    'git $(rm x)',
    'git `rm x`',
    'git "$(rm x)"',
    'git "`rm x`"',
    'git ${IFS}x',
    "git $'a'",
    'git status > x',
    'git status < x',
    'git status 2>&1',
    'git status & rm x',
    'git status |& rm x',
    '(git status)',
    '{ git status; }',
    'git {a,b}',
    'git *',
    'git a?c',
    'git [a]',
    '~/git status',
    'git ~/x',
    'git --x=~/y',
    'A=b git status',
    'A+=b git status',
    'PATH=/tmp git status',
    'if git status; then git x; fi',
    '! git status',
    'time git status',
    'git() { rm x; }',
    'git status # x',
    'git <<EOF\nx\nEOF',
    "git 'x",
    'git "x',
    'git x\\',
    'git x\\\ny',
    'git status;;',
    '; git status',
    '&& git status',
    'git status &&',
    'git status |',
    'git status && && npm test',
    'git\u00a0status',
    'git status\r\nrm x',
    'git status\0',
    'git \u001b[0m',
    'git \ud800',
    '=git status',
    '"" x',
    `git ${'x'.repeat(200_000)}`,
    'sh -c "git $HOME"',
    'sh -c',
    'sh --rcfile x -c "git status"',
    'sh -o pipefail -c "git status"',
    '/tmp/sh -c "git status"',
    './bash -c "git status"',
    'sh -c "A=b git status"',
  ])('%j is denied', (line) => {
    expect(reason(usual.line(line))).toBe('unparsed')
    expect(denyOnly.line(line).allowed).toBe(false)
    expect(toolMatcher({ tools: { shell: ['*'] } }).line(line).allowed).toBe(false)
  })
})

describe('a way around deny', () => {
  test.each([
    'git push',
    'git push origin main',
    'git push-x',
    'git -c x=y push',
    'git -c x=y -C /tmp --git-dir=/x --no-pager push',
    'git --git-dir /x push',
    'git -- push',
    '"git" \'push\'',
    'g""it pu\\sh',
    '\\git push',
    '/usr/bin/git push',
    './git push',
    '../../bin/git push',
    'git-push origin',
    '/usr/lib/git-core/git-push origin',
    'env git push',
    '/usr/bin/env git push',
    'env -i git push',
    'env -u X git push',
    'env X=y git push',
    'env -S "git push"',
    "env '-Sgit push'",
    "env -S 'git\\_push'",
    'env --split-string="git push"',
    'env env env git push',
    'command git push',
    'exec -a x git push',
    'builtin command git push',
    'nice -n 5 git push',
    'nohup git push',
    'setsid -f git push',
    'timeout -k 5 10 git push',
    'timeout 5 git -c x=y push',
    'stdbuf -oL git push',
    'xargs git push',
    'xargs -I X git push X',
    'echo x | xargs git push',
    'find . -exec git push ";"',
    'find . -execdir sh -c "git push" ";"',
    'sudo -u x git push',
    'busybox sh -c "git push"',
    'sh -c "git push"',
    "bash -lc 'git push'",
    'bash -x -c "git push" x y',
    'bash -c -l "git push"',
    'sh -c "cd x && git push"',
    'sh -c "sh -c \'git push\'"',
    'env sh -c "git push"',
    'timeout 5 bash -lc "git push"',
    'eval git push',
    'eval \'g""it\' push',
    'eval "git push"',
    'trap "git push" EXIT',
    'cd x && git push',
    'true; git push',
    'true || git push',
    'true\ngit push',
    'echo git push | sh',
    'echo Z2l0IHB1c2g= | base64 -d | bash',
    'sh',
    'bash -s',
    'sh -',
    'source x',
    '. x',
    'alias p="git push"',
    'hash -p /usr/bin/git x',
    'git -c alias.p=push p',
    'git -c ALIAS.p=push p',
    'git -c include.path=x p',
    'git --config-env=alias.p=X p',
    'git -c core.pager="git push" log',
    'git -c core.sshCommand=x fetch',
    'git -c Core.HooksPath=x commit',
    'git -c diff.x.textconv=x log',
    'git -c credential.helper=x fetch',
    'git submodule foreach "git push"',
    'git submodule --quiet foreach --recursive "git push"',
    'git bisect run git push',
    'git rebase -x "git push" main',
    'git rebase main --exec="git push"',
    'env git rebase --exec "git push" main',
    'rbash -c "git push"',
    'fish -c "git push"',
    'tcsh -c "git push"',
    'prlimit --nofile=10 git push',
    'setarch x86_64 git push',
    'choom -n 1 -- git push',
    'fakeroot git push',
    '/lib64/ld-linux-x86-64.so.2 /usr/bin/git push',
    'capsh -- -c "git push"',
    'run-parts x',
    'env git -c alias.p=push p',
    'env GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=alias.p GIT_CONFIG_VALUE_0=push git p',
    'export GIT_CONFIG_COUNT=1',
    'npx -c "git push"',
    'ssh host git push',
    'watch "git push"',
    'flock x git push',
    'rm -rf /',
    'rm --verbose -rf /',
    'rm x -rf',
    'npm publish',
    'npm --prefix x publish',
    'npm publish --access public',
  ])('%j is denied', (line) => {
    expect(denyOnly.line(line).allowed).toBe(false)
  })

  test.each([
    'git status',
    'git log --grep push',
    'git pull',
    'rm x',
    'npm test',
    'echo git push',
    'sh x.sh',
    'env',
    'timeout 5 npm test',
    'find . -name "*.ts"',
    'find . -name push',
    'git -c core.pager=cat log',
    'git -c user.name=x -c commit.gpgSign=false commit -m "rebase -x"',
    'git submodule update --init',
    'git bisect start',
    'git rebase --onto main x',
    'ld -o a b.o',
    'prlimit --nofile=10 npm test',
  ])('%j is none', (line) => {
    expect(denyOnly.line(line)).toEqual({ allowed: true })
  })

  test('is told by its pattern', () => {
    expect(usual.line('env sh -c "git -C x push"')).toEqual({ allowed: false, reason: 'denied', pattern: 'git push*' })
  })
})

describe('arguments', () => {
  test('are never split or expanded', () => {
    expect(usual.argv(['git', 'log', '$(rm x); rm *'])).toEqual({ allowed: true })
    expect(reason(usual.argv(['git status']))).toBe('not-listed')
    expect(reason(usual.argv(['npm', 'test', '']))).toBe('not-listed')
    expect(reason(usual.argv(['npm', 'test && rm x']))).toBe('not-listed')
  })

  test.each([[[]], [['']], [['git', 'x\0']], [['', 'git']]])('%j can not be run', (argv) => {
    expect(reason(usual.argv(argv))).toBe('unparsed')
  })

  test('of a shell are read', () => {
    expect(usual.argv(['bash', '-lc', 'git status'])).toEqual({ allowed: true })
    expect(reason(usual.argv(['bash', '-lc', 'git push']))).toBe('denied')
    expect(reason(usual.argv(['bash', '-lc', 'git status > x']))).toBe('unparsed')
    expect(reason(usual.argv(['sh', '-c', ['sh', '-c', '\'sh -c "sh -c x"\''].join(' ')]))).not.toBe('allowed')
  })

  test('by the hundred thousand are decided in time', () => {
    const started = performance.now()
    const many = (word: string) => Array.from({ length: 60_000 }, () => word)
    for (const argv of [
      ['env', ...many('a')],
      ['env', ...many('sh')],
      ['git', ...many('-c')],
      ['xargs', ...many('a b')],
    ])
      expect(denyOnly.argv(argv.slice(0, 40_000))).toBeDefined()
    const nested = Array.from({ length: 500 }, () => 'sh -c "env a b"')
    expect(denyOnly.argv(['env', ...nested])).toBeDefined()
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})

describe('a pattern', () => {
  const takes = (pattern: string, ...argv: string[]) => toolMatcher({ tools: { shell: [pattern] } }).argv(argv).allowed

  test('takes what it says', () => {
    expect(takes('npm run *', 'npm', 'run')).toBe(true)
    expect(takes('npm run *', 'npm', 'run', 'a', 'b')).toBe(true)
    expect(takes('npm run test*', 'npm', 'run', 'test:unit', '--x')).toBe(true)
    expect(takes('npm run test*', 'npm', 'run', 'build')).toBe(false)
    expect(takes('git * --stat', 'git', 'diff', '--stat')).toBe(true)
    expect(takes('git * --stat', 'git', '--stat')).toBe(false)
    expect(takes('git * --stat', 'git', 'diff', 'x', '--stat')).toBe(false)
    expect(takes('git * *', 'git')).toBe(false)
    expect(takes('/usr/bin/git *', '/usr/bin/git', 'x')).toBe(true)
    expect(takes('/usr/bin/*', '/usr/bin/../../tmp/x')).toBe(false)
    expect(takes('*', 'anything', 'at', 'all')).toBe(true)
  })

  test.each([
    '',
    ' git',
    'git ',
    'git  x',
    'git\tx',
    'git *x',
    'git x*y',
    'git "a b"',
    "git 'x'",
    'git $X',
    'git;rm',
    'git|x',
    'git\u200b',
    '**',
  ])('%j is none', (pattern) => {
    expect(() => toolMatcher({ tools: { shell: [pattern] } })).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT' }),
    )
  })
})

test('without patterns every command is allowed', () => {
  for (const policy of [{}, { tools: {} }, { tools: { deny: [] } }])
    expect(toolMatcher(policy).line('git push > $x')).toEqual({ allowed: true })
  expect(toolMatcher({ tools: { shell: [] } }).line('true')).toEqual({ allowed: false, reason: 'not-listed' })
})

test('a line is read as a shell reads it', () => {
  expect(parseCommandLine(`a 'b c' "d \\" \\x" e\\ f""; g|h&&i||j\n\nk`)).toEqual([
    ['a', 'b c', 'd " \\x', 'e f'],
    ['g'],
    ['h'],
    ['i'],
    ['j'],
    ['k'],
  ])
})
