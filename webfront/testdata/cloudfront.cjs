// Runs a function as CloudFront does: ECMAScript alone, without eval, timers, network and process;
// with the modules that a function may import. The first argument is the program's file. The events
// come as JSON lines, and the results go out as JSON lines.
'use strict';
const vm = require('node:vm');
const fs = require('node:fs');
const readline = require('node:readline');
const nodeCrypto = require('node:crypto');

// What a function must not touch: CloudFront Functions, "Restrictions on edge functions".
const readOnly = ['cdn-loop', 'content-length', 'host', 'transfer-encoding', 'via'];
const disallowed = /^(connection|expect|keep-alive|proxy-.*|trailer|upgrade|x-accel-.*|x-amz-cf-.*|x-amzn-.*|x-cache.*|x-edge-.*|x-forwarded-proto|x-real-ip)$/;

let origin = '';
let store = {};
const modules = {
  crypto: {
    createHash(name) {
      if (!['md5', 'sha1', 'sha256'].includes(name)) throw new Error('unknown hash ' + name);
      const hash = nodeCrypto.createHash(name);
      return {
        update(text) { hash.update(text); return this; },
        digest(encoding) { return hash.digest(encoding); },
      };
    },
  },
  cloudfront: {
    kvs() {
      return {
        async get(key) {
          if (!(key in store)) throw new Error('KeyNotFound');
          return store[key];
        },
      };
    },
    selectRequestOriginById(id) { origin = id; },
  },
};

const sandbox = Object.create(null);
const program = fs.readFileSync(process.argv[2], 'utf8').replace(/^import (\w+) from '(\w+)';$/gm, (_, name, from) => {
  if (!(from in modules)) throw new Error('there is no module ' + from);
  sandbox[name] = modules[from];
  return '';
});
const context = vm.createContext(sandbox, {codeGeneration: {strings: false, wasm: false}});
vm.runInContext("'use strict';\n" + program + '\nglobalThis.handler = handler;', context);

const parse = vm.runInContext('JSON.parse', context);

function check(before, after) {
  for (const name of readOnly) {
    if (JSON.stringify(before[name]) !== JSON.stringify(after[name])) throw new Error('changes the header ' + name);
  }
  for (const name of Object.keys(after)) {
    if (name !== name.toLowerCase()) throw new Error('writes the header ' + name);
    if (disallowed.test(name) && !(name in before)) throw new Error('adds the header ' + name);
  }
}

(async () => {
  for await (const line of readline.createInterface({input: process.stdin})) {
    const input = JSON.parse(line);
    origin = '';
    store = input.store || {};
    const before = structuredClone(input.event.request.headers);
    const event = parse(JSON.stringify(input.event));
    const result = await context.handler(event);
    if (result.headers && !result.statusCode) check(before, result.headers);
    process.stdout.write(JSON.stringify({result, origin}) + '\n');
  }
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
