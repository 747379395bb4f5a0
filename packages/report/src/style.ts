/** Light and dark as the reader's system is, and on paper. Colours of statuses and of code are variables. */
export const STYLE = `
:root{--bg:#fff;--fg:#1b2430;--soft:#5b6775;--line:#d9dfe6;--card:#f6f8fa;--blue:#1f5fa8;--good:#1a7f4b;--bad:#c0362c;--warn:#9a6a00;--gray:#6b7683;--ins:#e3f6e9;--del:#fdeaea;--k:#8a3fa8;--s:#1a6b4a;--c:#6b7683;--n:#1f5fa8}
@media (prefers-color-scheme:dark){:root{--bg:#12171e;--fg:#dde4ec;--soft:#98a5b3;--line:#2b3642;--card:#1a212a;--blue:#74b0f4;--good:#4cc38a;--bad:#f2867d;--warn:#e0b04c;--gray:#8f9baa;--ins:#12301f;--del:#3a1b1c;--k:#d39bf0;--s:#8fd6ae;--c:#8f9baa;--n:#86bdf7}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:74rem;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.7rem;margin:0 0 .25rem;line-height:1.25}h2{font-size:1.15rem;margin:2.25rem 0 .6rem}h3{font-size:.95rem;margin:1.1rem 0 .4rem}h4{font:600 .85rem ui-monospace,monospace;margin:.8rem 0 .3rem}
p{margin:.4rem 0}small,.note,footer{color:var(--soft)}small{font-size:.85em;font-weight:400}footer{margin-top:3rem;border-top:1px solid var(--line);padding-top:.7rem;font-size:.85rem}
a{color:var(--blue)}code,pre{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:.6rem 0}dt{color:var(--soft)}dd{margin:0;min-width:0}
.tiles{display:flex;flex-wrap:wrap;gap:.6rem;margin:1rem 0 0}.tiles div{border:1px solid var(--line);background:var(--card);border-radius:8px;padding:.45rem .8rem}.tiles dt{font-size:.78rem}.tiles dd{font-weight:600}
.badge{display:inline-block;font-size:.75rem;font-weight:600;line-height:1.5;padding:0 .55em;border-radius:99px;border:1px solid currentColor;vertical-align:middle;white-space:nowrap}
.s-succeeded,.good{color:var(--good)}.s-failed,.s-timed-out,.s-lost,.bad{color:var(--bad)}.s-running,.s-canceling{color:var(--blue)}.s-parked,.s-waiting{color:var(--warn)}.s-canceled,.s-skipped{color:var(--gray)}
.wide{overflow:auto;border:1px solid var(--line);border-radius:8px;background:var(--card);padding:.7rem}.tall{max-height:32rem}
svg{display:block;font:12px ui-monospace,monospace}svg text{fill:var(--fg)}svg a{text-decoration:none}
.graph rect{fill:var(--bg);stroke:currentColor;stroke-width:1.5}.graph path{fill:none;stroke:var(--gray);opacity:.6}.graph a:hover rect,.graph a:focus rect{stroke-width:3}
.timeline{display:flex;padding-right:2.4rem}.names{flex:none;width:150px}.bars{flex:1;min-width:6rem;overflow:visible}.bars rect{fill:currentColor;stroke:currentColor}.bars line{stroke:var(--line)}.mark{text-anchor:middle;fill:var(--soft);font-size:11px}
@media (max-width:40rem){.names{width:7rem;margin-right:.7rem}.between{display:none}}
table{border-collapse:collapse;width:100%;font-size:.88rem;overflow-wrap:normal}th{text-align:left;white-space:nowrap;color:var(--soft);font-weight:600}th,td{padding:.25rem .9rem .25rem 0;vertical-align:top;border-bottom:1px solid var(--line)}td{white-space:nowrap}td code{white-space:normal;overflow-wrap:anywhere;display:inline-block;min-width:14rem}tr:last-child td{border:0}.wide+.wide{margin-top:.6rem}
.item{border:1px solid var(--line);border-radius:8px;margin:.4rem 0;content-visibility:auto;contain-intrinsic-size:auto 2.6rem}.item[open]{padding:0 .9rem .9rem}.item summary{padding:.5rem .8rem;cursor:pointer}.item[open] summary{margin:0 -.9rem .4rem;border-bottom:1px solid var(--line)}.item:target{outline:2px solid var(--blue)}.item[hidden]{display:none}
.item ul{margin:.5rem 0;padding-left:1.2rem}
pre{margin:.3rem 0;border:1px solid var(--line);border-radius:6px;background:var(--card);padding:.5rem 0;overflow:auto;max-height:38rem;tab-size:4}.log{padding:.5rem .8rem;white-space:pre-wrap}
.diff>*{display:block;width:max-content;min-width:100%;padding:0 .8rem;text-decoration:none;font-style:normal;font-weight:400}.diff b,.diff i{color:var(--soft)}.diff ins{background:var(--ins)}.diff del{background:var(--del)}
.hljs-keyword,.hljs-literal,.hljs-built_in,.hljs-type,.hljs-tag,.hljs-name,.hljs-section{color:var(--k)}.hljs-string,.hljs-regexp,.hljs-addition{color:var(--s)}.hljs-comment,.hljs-quote,.hljs-meta{color:var(--c)}.hljs-number,.hljs-attr,.hljs-title,.hljs-attribute,.hljs-variable,.hljs-symbol,.hljs-link{color:var(--n)}
.filter input{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.25rem .6rem;max-width:100%}
@media print{:root{--bg:#fff;--fg:#000;--soft:#444;--line:#bbb;--card:#fff}body{max-width:none;padding:0;font-size:11px}.wide,pre{overflow:visible;max-height:none}.tall{max-height:none}.diff>*{width:auto;white-space:pre-wrap;print-color-adjust:exact;-webkit-print-color-adjust:exact}.item{break-inside:auto;content-visibility:visible}.graph{max-width:100%;height:auto}.filter{display:none}}
`
