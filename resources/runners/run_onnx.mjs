// Runs an ONNX file once in ONNX Runtime and writes what came out.
//
//   node run_onnx.mjs --modules DIR --model FILE --input NAME=1x3x64x64=FILE [--input ...] --out DIR
//                     [--optimization all|disabled] [--threads N] [--repeats N] [--optimized-model FILE]
//
// Input files hold raw little-endian float32. DIR/outputs.json names the runtime and lists the outputs: name, dims, file
// with raw float32; or it says what the runtime refused.
// Exit status: 0 done, 1 the runtime is not there or our own failure, 2 it refuses the model or the inputs.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

class Refused extends Error {}

function readArguments() {
    const text = { type: 'string' };
    const { values } = parseArgs({
        options: {
            modules: text, model: text, out: text, optimization: text, threads: text, repeats: text,
            'optimized-model': text, input: { type: 'string', multiple: true },
        },
    });
    for (const name of ['modules', 'model', 'out'])
        if (!values[name]) throw new Error(`--${name} is missing`);
    return values;
}

// NAME=DIMS=FILE -> [name, tensor]
function readInput(ort, text) {
    const match = /^([^=]+)=([0-9x]*)=(.+)$/s.exec(text);
    if (!match) throw new Error(`--input ${text} is not NAME=DIMS=FILE`);
    const dims = match[2] === '' ? [] : match[2].split('x').map(Number);
    const bytes = readFileSync(match[3]);
    const count = dims.reduce((product, size) => product * size, 1);
    if (bytes.length !== 4 * count) throw new Error(`${match[3]} has ${bytes.length} bytes, ${dims} needs ${4 * count}`);
    const numbers = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    return [match[1], new ort.Tensor('float32', numbers, dims)];
}

function median(numbers) {
    return numbers.length === 0 ? 0 : numbers.sort((a, b) => a - b)[numbers.length >> 1];
}

async function main() {
    const args = readArguments();
    const load = createRequire(path.resolve(args.modules, 'runner.cjs'));
    const ort = load('onnxruntime-node');
    const runtime = `onnxruntime-node ${load('onnxruntime-node/package.json').version}`;
    const write = (answer) => writeFileSync(path.join(args.out, 'outputs.json'), JSON.stringify({ runtime, ...answer }));
    const options = {
        executionProviders: ['cpu'],
        graphOptimizationLevel: args.optimization ?? 'all',
        intraOpNumThreads: Number(args.threads ?? 1),
        interOpNumThreads: 1,
        logSeverityLevel: 3,
    };
    if (args['optimized-model']) options.optimizedModelFilePath = args['optimized-model'];
    const feeds = Object.fromEntries((args.input ?? []).map((text) => readInput(ort, text)));
    let session, results;
    try {
        session = await ort.InferenceSession.create(args.model, options);
        results = await session.run(feeds);
    } catch (error) {
        if (error instanceof TypeError) throw error;  // the package is not what it should be
        write({ refused: error.message });
        throw new Refused(error.message);
    }
    const times = [];
    for (let i = 0; i < Number(args.repeats ?? 0); ++i) {
        const begin = performance.now();
        await session.run(feeds);
        times.push(performance.now() - begin);
    }
    const outputs = session.outputNames.map((name, i) => {
        const file = `output${i}.bin`;
        const numbers = Float32Array.from(results[name].data, Number);
        writeFileSync(path.join(args.out, file), new Uint8Array(numbers.buffer));
        return { name, dims: results[name].dims, file };
    });
    write({ milliseconds: median(times), outputs });
}

try {
    await main();
} catch (error) {
    console.error(error.message);
    process.exitCode = error instanceof Refused ? 2 : 1;
}
