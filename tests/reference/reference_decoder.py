#!/usr/bin/env python3
"""Decodes a .nae file, slowly: a second decoder, written from FORMAT.md and nothing else.

It exists to keep FORMAT.md honest (a test compares its pixels with the library's) and to be read beside it; the numbers
in the comments are the page's sections. It needs only Python's standard library. Checks that do not influence the
pixels of a valid file, such as limits and the proof of the accumulators' bounds (5.2, 11), are left out.

    reference_decoder.py [--level=N] IN.nae OUT.raw [MODEL.nam]

OUT.raw receives the samples row by row, bands interleaved, little-endian; after them the mask, if there is one. Level 0
is the picture. The model is only needed when the file does not embed it.
"""
import hashlib
import operator
import struct
import sys
import zlib
from decimal import Decimal, getcontext


def clamp(v, lo, hi):
    return lo if v < lo else hi if v > hi else v


def ceil_div(a, b):
    return -(-a // b)


class Reader:
    """Little-endian fields one after another; formats as in the struct module."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def fields(self, layout):
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def field(self, layout):
        return self.fields(layout)[0]

    def array(self, layout, count):
        return list(self.fields("%d%s" % (count, layout)))

    def rest(self):
        return self.data[self.at:]

    def expect_end(self):
        if self.rest():
            raise ValueError("unexpected bytes")


# ---- 2 Container

def read_chunks(data, signature, known):
    """Payloads by type. Ancillary chunks not in `known` are checked and skipped."""
    if data[:8] != signature:
        raise ValueError("wrong signature")
    chunks, at, kind = {}, 8, None
    while kind != b"END ":
        kind = data[at:at + 4]
        length, = struct.unpack_from("<Q", data, at + 4)
        payload = data[at + 12:at + 12 + length]
        crc, = struct.unpack_from("<I", data, at + 12 + length)
        if crc != zlib.crc32(kind + payload):
            raise ValueError("CRC mismatch in chunk %r" % kind)
        if kind in known:
            chunks[kind] = payload
        elif kind[0] & 0x20 == 0:
            raise ValueError("unknown critical chunk %r" % kind)
        at += 16 + length
    return chunks


# ---- 5 Graphs

INPUT, CONV, ADD, RELU, LEAKY_RELU, CONCAT, SLICE, DEPTH_TO_SPACE, SPACE_TO_DEPTH, GAIN = range(10)


class Node:
    """Fields as in the table of section 5; `inputs` and `channels` (of the output) always present."""


def read_node(reader, nodes):
    n = Node()
    n.op = reader.field("B")
    if n.op == INPUT:
        n.inputs = []
        n.channels, n.lo, n.hi = reader.fields("Hhh")
        return n
    count = {ADD: 2, CONCAT: None}.get(n.op, 1)
    n.inputs = reader.array("H", reader.field("B") if count is None else count)
    channels = [nodes[i].channels for i in n.inputs]
    n.channels = channels[0]
    if n.op == CONV:
        n.channels, n.kernel, n.stride, n.lo, n.hi = reader.fields("HBBhh")
        n.bias = reader.array("i", n.channels)
        n.mult = reader.array("i", n.channels)
        size = n.kernel * n.kernel * channels[0]
        n.weights = [reader.array("h", size) for _ in range(n.channels)]
    elif n.op == ADD:
        n.lo, n.hi = reader.fields("hh")
    elif n.op == LEAKY_RELU:
        n.slope = reader.field("B")
    elif n.op == CONCAT:
        n.channels = sum(channels)
    elif n.op == SLICE:
        n.begin, n.channels = reader.fields("HH")
    elif n.op == DEPTH_TO_SPACE:
        n.block = reader.field("B")
        n.channels //= n.block * n.block
    elif n.op == SPACE_TO_DEPTH:
        n.block = reader.field("B")
        n.channels *= n.block * n.block
    elif n.op == GAIN:
        n.lo, n.hi = reader.fields("hh")
        n.mult = reader.array("i", n.channels)
    elif n.op != RELU:
        raise ValueError("unknown operator %d" % n.op)
    return n


def read_graph(payload):
    reader, nodes = Reader(payload), []
    for _ in range(reader.field("H")):
        nodes.append(read_node(reader, nodes))
    reader.expect_end()
    return nodes


# A raster is a list of rows, a row a list of positions, a position a list with one value for each channel.

def per_position(function, *rasters):
    return [[function(*positions) for positions in zip(*rows)] for rows in zip(*rasters)]


def conv(n, raster):
    height, width = len(raster), len(raster[0])
    r, outside = n.kernel // 2, [0] * len(raster[0][0])

    def at(y, x):
        return raster[y][x] if 0 <= y < height and 0 <= x < width else outside

    out = []
    for y in range(0, height, n.stride):
        row = []
        for x in range(0, width, n.stride):
            values = []  # in the order of the weights: ky, kx, input channel
            for ky in range(n.kernel):
                for kx in range(n.kernel):
                    values += at(y + ky - r, x + kx - r)
            position = []
            for bias, mult, weights in zip(n.bias, n.mult, n.weights):
                acc = bias + sum(map(operator.mul, weights, values))
                position.append(clamp((acc * mult + 2**31) >> 32, n.lo, n.hi))
            row.append(position)
        out.append(row)
    return out


def depth_to_space(b, channels, raster):
    def position(y, x):
        first = ((y % b) * b + x % b) * channels
        return raster[y // b][x // b][first:first + channels]

    return [[position(y, x) for x in range(len(raster[0]) * b)] for y in range(len(raster) * b)]


def space_to_depth(b, raster):
    height, width, outside = len(raster), len(raster[0]), [0] * len(raster[0][0])

    def position(y, x):
        out = []
        for yy in range(y * b, y * b + b):
            for xx in range(x * b, x * b + b):
                out += raster[yy][xx] if yy < height and xx < width else outside
        return out

    return [[position(y, x) for x in range(ceil_div(width, b))] for y in range(ceil_div(height, b))]


def run_node(n, ins):
    if n.op == CONV:
        return conv(n, ins[0])
    if n.op == ADD:
        return per_position(lambda p, q: [clamp(a + b, n.lo, n.hi) for a, b in zip(p, q)], *ins)
    if n.op == RELU:
        return per_position(lambda p: [max(v, 0) for v in p], *ins)
    if n.op == LEAKY_RELU:
        return per_position(lambda p: [v if v >= 0 else (v * n.slope + 128) >> 8 for v in p], *ins)
    if n.op == CONCAT:
        return per_position(lambda *ps: sum(ps, []), *ins)
    if n.op == SLICE:
        return per_position(lambda p: p[n.begin:n.begin + n.channels], *ins)
    if n.op == DEPTH_TO_SPACE:
        return depth_to_space(n.block, n.channels, ins[0])
    if n.op == SPACE_TO_DEPTH:
        return space_to_depth(n.block, ins[0])
    return per_position(lambda p: [clamp((v * m + 2**15) >> 16, n.lo, n.hi) for v, m in zip(p, n.mult)], *ins)


def run_graph(nodes, raster):
    outputs = []
    for n in nodes:
        outputs.append(raster if n.op == INPUT else run_node(n, [outputs[i] for i in n.inputs]))
    return outputs[-1]


# ---- 6 Gains

getcontext().prec = 50
EXP2 = [int((Decimal(2)**(30 + Decimal(i) / 256)).to_integral_value()) for i in range(256)]


def step_of(log2_inverse, log2):
    """2^((log2_inverse - log2) / 256) in Q16; 0 where it is outside 1 .. 2^28."""
    e = log2_inverse - log2
    n = 14 - (e >> 8)
    step = (EXP2[e & 255] + 2**(n - 1)) >> n if 1 <= n <= 40 else 0
    return step if step <= 2**28 else 0


def gains_at(quality, anchors, log2_gain, log2_inverse_unit):
    """L and D of every channel."""
    p = (quality - 100) * (anchors - 1)
    s = min(p // 9900, anchors - 2)
    r = p - 9900 * s
    gains, steps = [], []
    for c, inverse_unit in enumerate(log2_inverse_unit):
        a, b = log2_gain[c * anchors + s:c * anchors + s + 2]
        gains.append(a + ((b - a) * r + 4950) // 9900)
        e = inverse_unit - gains[-1]
        n = 14 - (e >> 8)
        steps.append((EXP2[e & 255] + 2**(n - 1)) >> n)
    return gains, steps


# ---- 7 Entropy tables

class Table:
    def __init__(self, reader):
        self.m, escape = reader.fields("HH")
        f = reader.array("H", self.m + 1)
        self.frequency = [f[abs(s)] for s in range(-self.m, self.m + 1)] + [escape]
        if sum(self.frequency) != 2**14:
            raise ValueError("frequencies do not add up")
        self.start, self.entry_at = [], []
        for entry, frequency in enumerate(self.frequency):
            self.start.append(len(self.entry_at))
            self.entry_at += [entry] * frequency


class TableSet:
    def __init__(self, reader):
        self.bias, self.count = reader.fields("iH")
        self.tables = [None] + [Table(reader) for _ in range(self.count - 1)]

    def index(self, log_scale):
        return clamp((log_scale + self.bias) >> 6, 0, self.count - 1)


# ---- 8 Entropy-coded streams

class Lane:
    def __init__(self, state, words, substream):
        self.x, self.words, self.end = state, words, 1 if substream else 2**16

    def refill(self):
        if self.x < 2**16:
            word = next(self.words, None)
            if word is not None:
                self.x = self.x * 2**16 + word
            elif self.end != 1:
                raise ValueError("a word is missing")

    def raw(self, bits):
        if bits == 0:
            return 0
        value = self.x % 2**bits
        self.x >>= bits
        self.refill()
        return value

    def escape(self, m, limit):
        order = max(0, (m + 1).bit_length() - 3)
        t = 1
        while self.raw(1) == 1:
            t += 1
        low = self.raw(t - 1)
        rest = self.raw(order)
        sign = self.raw(1)
        magnitude = m + 1 + (2**(t - 1) + low - 1) * 2**order + rest
        if magnitude > limit:
            raise ValueError("escape out of range")
        return -magnitude if sign else magnitude

    def symbol(self, table, limit=32767):
        slot = self.x % 2**14
        entry = table.entry_at[slot]
        self.x = table.frequency[entry] * (self.x >> 14) + slot - table.start[entry]
        self.refill()
        return entry - table.m if entry <= 2 * table.m else self.escape(table.m, limit)


EIGHT_STATES = [(0, 2), (5, 7), (1, 3), (6, 4), (2, 0), (4, 6), (3, 1), (7, 5)]
MANY_STATES = [tuple(t // 2 ^ (166 if t % 2 else 0) ^ (121 if odd else 0) for odd in (0, 1)) for t in range(256)]


class Chain:
    """Symbols of a lane that depend on each other (8.1)."""

    def __init__(self, lane, next_state):
        self.lane, self.next_state, self.state = lane, next_state, 0

    def symbol(self, tables):
        quantiser = self.state % 2
        level = self.lane.symbol(tables[quantiser], 16383)
        self.state = self.next_state[self.state][level % 2]
        return 2 * level - quantiser * ((level > 0) - (level < 0))


def read_stream(data, indices, table_set, second_set=None, substream=None):
    """substream: None, or the states of its symbols."""
    coded = sum(1 for i in indices if i)
    if coded == 0:
        if data:
            raise ValueError("bytes where nothing is coded")
        return [0] * len(indices)
    reader = Reader(data)
    count = 1 if coded < 2048 or substream else 2 if coded < 16384 else 4
    states = reader.array("I", count)
    words = iter(reader.array("H", len(reader.rest()) // 2))
    reader.expect_end()
    lanes = [Lane(x, words, substream) for x in states]
    chains = [Chain(lane, substream or EIGHT_STATES) for lane in (lanes * 4 if substream else lanes)]
    symbols, number = [], 0
    for i in indices:
        if i == 0:
            symbols.append(0)
            continue
        if second_set:
            symbols.append(chains[number % len(chains)].symbol((table_set.tables[i], second_set.tables[i])))
        else:
            symbols.append(lanes[number % count].symbol(table_set.tables[i]))
        number += 1
    if any(lane.x != lane.end for lane in lanes) or next(words, None) is not None:
        raise ValueError("stream does not end where it should")
    return symbols


# ---- 10.1 Restoration

def nearest_set(sets, quality):
    return sets[(2 * (quality - 100) * (len(sets) - 1) + 9900) // 19800]


NEIGHBOURS = [(-3, 0), (-2, -1), (-2, 0), (-2, 1), (-1, -2), (-1, -1), (-1, 0), (-1, 1), (-1, 2), (0, -3), (0, -2),
              (0, -1)]


class Filter:
    def __init__(self, reader, levels):
        self.clip = reader.field("h")
        self.thresholds = reader.array("I", levels - 1)
        self.weights = [[[reader.fields("hh") for _ in NEIGHBOURS] for _ in range(5)] for _ in range(levels)]

    def weights_of(self, h, v, p, n):
        level = sum(1 for t in self.thresholds if t <= h + v)
        if max(h, v) * min(p, n) >= max(p, n) * min(h, v):
            direction = 0 if 2 * max(h, v) <= 3 * min(h, v) else 1 if h > v else 2
        else:
            direction = 0 if 2 * max(p, n) <= 3 * min(p, n) else 3 if p > n else 4
        return self.weights[level][direction]


def read_filters(payload):
    reader = Reader(payload)
    count, levels = reader.fields("BB")
    filters = [Filter(reader, levels) for _ in range(count)]
    reader.expect_end()
    return filters


MARGIN = 3  # as far as a position looks beyond the raster, where the border's positions repeat


def with_margin(plane):
    rows = [row[:1] * MARGIN + row + row[-1:] * MARGIN for row in plane]
    return rows[:1] * MARGIN + rows + rows[-1:] * MARGIN


def restore(filter_, f, raster):
    height, width, low, high = len(raster), len(raster[0]), -128 * 2**f, 127 * 2**f
    values = per_position(lambda p: [clamp(v, low, high) for v in p], raster)
    luma = with_margin(per_position(lambda p: (p[0] + 2 * p[1] + p[2]) >> (f - 2), values))
    planes = [with_margin(per_position(lambda p: p[channel], values)) for channel in range(3)]

    def activity(top, left, dy, dx):
        return sum(abs(2 * luma[y][x] - luma[y - dy][x - dx] - luma[y + dy][x + dx])
                   for y in range(MARGIN + top - 2, MARGIN + top + 6)
                   for x in range(MARGIN + left - 2, MARGIN + left + 6))

    def restored(weights, y, x, plane):
        y, x, k = y + MARGIN, x + MARGIN, filter_.clip
        v, s = plane[y][x], 2**9
        for (dy, dx), (linear, clipped) in zip(NEIGHBOURS, weights):
            one, other = plane[y + dy][x + dx] - v, plane[y - dy][x - dx] - v
            s += linear * (one + other) + clipped * (clamp(one, -k, k) + clamp(other, -k, k))
        return clamp(v + (s >> 10), low, high)

    out = [[None] * width for _ in range(height)]
    for top in range(0, height, 4):
        for left in range(0, width, 4):
            directions = (0, 1), (1, 0), (1, 1), (1, -1)
            weights = filter_.weights_of(*[activity(top, left, dy, dx) for dy, dx in directions])
            for y in range(top, top + 4):
                for x in range(left, left + 4):
                    out[y][x] = [restored(weights, y, x, plane) for plane in planes]
    return out


# ---- 10.2 Overlap

def read_lap(payload):
    reader = Reader(payload)
    rows = [reader.array("h", 8) for _ in range(8)]
    reader.expect_end()
    return rows


def overlap(weights, raster):
    limited = per_position(lambda p: [clamp(v, -16383, 16383) for v in p], raster)
    down = list(zip(*[lap_line(weights, column) for column in zip(*limited)]))
    return [lap_line(weights, row) for row in down]


def lap_line(weights, line):
    """A row or a column of positions."""
    line = [list(position) for position in line]
    for b in range(16, len(line), 16):
        for channel in range(3):
            p, q = ([line[b + at][channel] for at in ats] for ats in (range(-1, -9, -1), range(8)))
            for i, row in enumerate(weights):
                e = (sum(w * (before - after) for w, before, after in zip(row, p, q)) + 2**15) >> 16
                line[b - 1 - i][channel] = clamp(p[i] + e, -16383, 16383)
                line[b + i][channel] = clamp(q[i] - e, -16383, 16383)
    return line


# ---- 10.3 Post-filter

class PostFilter:
    def __init__(self, payload):
        reader = Reader(payload)
        count, size = reader.fields("BI")
        self.graph = read_graph(bytes(reader.array("B", size)))
        convs = [n for n in self.graph if n.op == CONV]
        self.first, self.last = convs[0], convs[-1]
        self.sets = [(reader.array("i", self.first.channels), reader.array("i", self.last.channels))
                     for _ in range(count)]
        reader.expect_end()

    def set_quality(self, quality):
        self.first.bias, self.last.mult = nearest_set(self.sets, quality)

    def run(self, raster):
        low, high = self.graph[0].lo, self.graph[0].hi
        return run_graph(self.graph, per_position(lambda p: [clamp(v, low, high) for v in p], raster))


# ---- 4 Model file

class Model:
    def __init__(self, data, wanted):
        critical = (b"MHDR", b"HSYN", b"SYNT", b"GAIN", b"TABL", b"TRLS", b"CNTX", b"LAPP", b"FILT",
                    b"NNPF", b"END ")
        chunks = read_chunks(data, b"\x8eNAM\r\n\x1a\n", critical)
        part = data[:8]
        for kind in critical:
            if kind not in chunks:
                continue
            part += kind + struct.pack("<Q", len(chunks[kind])) + chunks[kind]
            part += struct.pack("<I", zlib.crc32(kind + chunks[kind]))
        # Asked first: most of the time goes into the graphs, and whoever has several models tries them all.
        if hashlib.sha256(part).digest()[:8] != wanted:
            raise ValueError("the picture needs model " + wanted.hex())
        head = Reader(chunks[b"MHDR"])
        version, self.c, self.cz, latent_stride, hyper_stride, self.f, self.dead_zone = head.fields("HHHBBBB")
        if (version, latent_stride, hyper_stride) != (1, 16, 4):
            raise ValueError("model of another version")
        self.hyper_synthesis = read_graph(chunks[b"HSYN"])
        self.synthesis = read_graph(chunks[b"SYNT"])
        gains = Reader(chunks[b"GAIN"])
        self.anchors, c, cz = gains.fields("HHH")
        self.log2_gain = gains.array("i", c * self.anchors)
        self.log2_inverse_unit = gains.array("i", c)
        self.hyper_log2_gain = gains.array("i", cz * self.anchors)
        self.hyper_log2_inverse_unit = gains.array("i", cz)
        self.hyper_log2_scale = gains.array("i", cz)
        gains.expect_end()
        tables = Reader(chunks[b"TABL"])
        self.tables, self.hyper_tables = TableSet(tables), TableSet(tables)
        tables.expect_end()
        self.second_tables = None
        if b"TRLS" in chunks:
            trellis = Reader(chunks[b"TRLS"])
            self.second_tables = TableSet(trellis)
            trellis.expect_end()
            if (self.second_tables.bias, self.second_tables.count) != (self.tables.bias, self.tables.count):
                raise ValueError("two quantisers that do not match")
        self.context = read_graph(chunks[b"CNTX"]) if b"CNTX" in chunks else None
        self.lap = read_lap(chunks[b"LAPP"]) if b"LAPP" in chunks else None
        self.filters = read_filters(chunks[b"FILT"]) if b"FILT" in chunks else []
        self.post_filter = PostFilter(chunks[b"NNPF"]) if b"NNPF" in chunks else None

    def set_quality(self, quality):
        if self.filters:
            self.filter = nearest_set(self.filters, quality)
        if self.post_filter:
            self.post_filter.set_quality(quality)
        self.l, self.d = gains_at(quality, self.anchors, self.log2_gain, self.log2_inverse_unit)
        lz, self.dz = gains_at(quality, self.anchors, self.hyper_log2_gain, self.hyper_log2_inverse_unit)
        self.hyper_index = [self.hyper_tables.index(s + g) for s, g in zip(self.hyper_log2_scale, lz)]


# ---- 9 Tiles

def split_length(payload):
    """A length, and what follows."""
    length = at = 0
    while True:
        length |= (payload[at] & 0x7F) << 7 * at
        at += 1
        if payload[at - 1] < 0x80:
            return length, payload[at:]


def split_payload(payload):
    """The stream that its length precedes, and what follows."""
    if not payload:
        return b"", b""
    length, payload = split_length(payload)
    return payload[:length], payload[length:]


def split_substreams(payload, steps):
    """Lists of substreams, one for each step."""
    if not payload:
        return [[b""]] * steps
    count, payload = payload[0], payload[1:]
    if not 1 <= count <= 32:
        raise ValueError("%d substreams" % count)
    lengths, half = [], 0
    for _ in range(count * steps - 1):
        stored, payload = split_length(payload)
        half += stored // 2 if stored % 2 == 0 else -(stored + 1) // 2
        lengths.append(2 * half)
    lengths.append(len(payload) - sum(lengths))
    if min(lengths) < 0:
        raise ValueError("substreams longer than the tile")
    streams = []
    for length in lengths:
        streams.append(payload[:length])
        payload = payload[length:]
    return [streams[i * count:][:count] for i in range(steps)]


def positions(values, height, width, channels):
    """A flat list as a raster."""
    return [[values[(y * width + x) * channels:][:channels] for x in range(width)] for y in range(height)]


def read_tile(model, payload, h, w, substreams):
    hyper_bytes, latent_bytes = split_payload(payload)
    hz, wz = ceil_div(h, 4), ceil_div(w, 4)
    z = positions(read_stream(hyper_bytes, model.hyper_index * (hz * wz), model.hyper_tables, None, substreams),
                  hz, wz, model.cz)
    first = model.hyper_synthesis[0]
    values = per_position(
        lambda p: [clamp((s * d + 2**15) >> 16, first.lo, first.hi) for s, d in zip(p, model.dz)], z)
    prediction = [row[:w] for row in run_graph(model.hyper_synthesis, values)[:h]]

    if substreams:
        streams = split_substreams(latent_bytes, 1 if model.context is None else 2)
    elif model.context is None:
        streams = [latent_bytes]
    else:
        streams = split_payload(latent_bytes)
    if model.context is None:
        s = read_symbols(model, streams[0], prediction, [(y, x) for y in range(h) for x in range(w)], w, substreams)
    else:
        s, prediction = read_in_two_steps(model, streams, prediction, h, w, substreams)
    first = model.synthesis[0]
    return [[[clamp((mean if abs(mean) > model.dead_zone else 0) + ((v * d + 2**15) >> 16), first.lo, first.hi)
              for v, d, mean in zip(s[y, x], model.d, prediction[y][x])] for x in range(w)] for y in range(h)]


def indices_at(model, p):
    """Of one position with this prediction."""
    return [model.tables.index(scale + gain) for scale, gain in zip(p[model.c:], model.l)]


def read_symbols(model, stream, prediction, places, w, substreams):
    """stream: one, or a list of substreams, whose symbols have these states."""
    if isinstance(stream, list):
        bounds = [2 * (k * ceil_div(w, 2) // len(stream)) for k in range(len(stream))] + [w]
        found = {}
        for part, left, right in zip(stream, bounds, bounds[1:]):
            found.update(read_places(model, part, prediction, [p for p in places if left <= p[1] < right], substreams))
        return found
    return read_places(model, stream, prediction, places, None)


def read_places(model, stream, prediction, places, substream):
    indices = [i for y, x in places for i in indices_at(model, prediction[y][x])]
    flat = read_stream(stream, indices, model.tables, model.second_tables, substream)
    return {place: flat[k * model.c:][:model.c] for k, place in enumerate(places)}


def read_in_two_steps(model, streams, prediction, h, w, substreams):
    places = [[(y, x) for y in range(h) for x in range(w) if (y + x) % 2 == turn] for turn in (0, 1)]
    s = read_symbols(model, streams[0], prediction, places[0], w, substreams)

    features = len(prediction[0][0]) - 2 * model.c
    known = model.context[0].channels - features
    limits = model.context[0].lo, model.context[0].hi
    step = [(0, 0)] + [(step_of(1536, 64 * i + 32 - model.tables.bias), step_of(64 * i + 32 - model.tables.bias, 0))
                       for i in range(1, model.tables.count)]

    def seen(y, x):
        if (y + x) % 2:
            values = [0] * known
        else:
            values = [clamp((v * step[i][0] + 2**15) >> 16, -32767, 32767)
                      for v, i in zip(s[y, x][:known], indices_at(model, prediction[y][x]))]
        return [clamp(v, *limits) for v in values + prediction[y][x][2 * model.c:]]

    said = run_graph(model.context, [[seen(y, x) for x in range(w)] for y in range(h)])
    changed = [list(row) for row in prediction]
    for y, x in places[1]:
        p, t = prediction[y][x], said[y][x]
        units = [((((o * step[i][1] + 2**11) >> 12) * d + 2**27) >> 28)
                 for o, i, d in zip(t, indices_at(model, p), model.d)]
        changed[y][x] = [clamp(v + e, -32767, 32767) for v, e in zip(p, units + t[model.c:])]
    s.update(read_symbols(model, streams[1], changed, places[1], w, substreams))
    return s, changed


# ---- 3 Picture file, 10 Decoding a picture

GRAY, RGB, EXACT, CODES, MASK = range(1, 6)
BYTE, UINT16, INT16, UINT32, INT32, FLOAT32 = range(1, 7)
SAMPLE = {BYTE: "B", UINT16: "H", INT16: "h", UINT32: "I", INT32: "i", FLOAT32: "f"}  # as in the struct module
IN_BAND = {BYTE: "I", UINT16: "I", INT16: "i", UINT32: "I", INT32: "i", FLOAT32: "f"}


class Band:
    def __init__(self, lo=0, hi=255, specials=()):
        self.lo, self.hi, self.specials = lo, hi, specials


def read_bands(payload, data_type):
    """Bands, and planes as (kind, numbers of bands) (3.8)."""
    reader = Reader(payload)
    count, plane_count = reader.fields("HI")
    planes = []
    for _ in range(plane_count):
        kind = reader.field("B")
        if not GRAY <= kind <= MASK:
            raise ValueError("unknown kind of plane")
        planes.append((kind, reader.array("H", {RGB: 3, MASK: 0}.get(kind, 1))))
    exact = [numbers[0] for kind, numbers in planes if kind == EXACT]
    bands = []
    for number in range(count):
        band = Band()
        if number not in exact:
            band.lo, band.hi = reader.fields(2 * IN_BAND[data_type])
            band.specials = reader.array(IN_BAND[data_type], reader.field("B"))
        bands.append(band)
    reader.expect_end()
    return bands, planes


def unfilter(data, height, stride, pixel):
    """Rows as in PNG (3.3)."""
    rows, above = [], bytes(stride)
    for y in range(height):
        kind, filtered = data[y * (stride + 1)], data[y * (stride + 1) + 1:(y + 1) * (stride + 1)]
        row = bytearray()
        for i, value in enumerate(filtered):
            left, corner = (row[i - pixel], above[i - pixel]) if i >= pixel else (0, 0)
            up = above[i]
            p = left + up - corner
            paeth = min((abs(p - v), n, v) for n, v in enumerate((left, up, corner)))[2]
            row.append((value + (0, left, up, (left + up) // 2, paeth)[kind]) & 255)
        rows.append(bytes(row))
        above = row
    return rows


def inflate(data, size):
    stream = zlib.decompressobj(-15)
    out = stream.decompress(data)
    if not stream.eof or stream.unused_data or len(out) != size:
        raise ValueError("damaged deflate stream")
    return out


def read_exact_tile(payload, kind, h, w, s):
    """Rows of bytes (9.4). Method 1 is the caller's."""
    if not payload:
        return [bytes([0 if kind == CODES else 255]) * (w * s)] * h
    method, rest = payload[0], payload[1:]
    if method == 0:
        return [rest * w] * h
    if method == 2:
        return unfilter(inflate(rest, h * (1 + w * s)), h, w * s, s)
    if method != 3:
        raise ValueError("unknown method of an exact tile")
    stride = ceil_div(w, 8)
    a, b, rest = rest[:s], rest[s:2 * s], rest[2 * s:]
    rows = unfilter(inflate(rest, h * (1 + stride)), h, stride, 1)
    return [b"".join(b if row[x // 8] & 0x80 >> x % 8 else a for x in range(w)) for row in rows]


def to_float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def neighbour(value, data_type, up):
    """The next greater or smaller value of the data type."""
    if data_type != FLOAT32:
        return value + (1 if up else -1)
    if value == 0:
        bits = 1 if up else 0x80000001
    else:
        bits = struct.unpack("<I", struct.pack("<f", value))[0]
        bits += 1 if (value > 0) == up else -1
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def sample_of(u, d, band, data_type):
    if data_type == FLOAT32:
        value = clamp(to_float32(band.lo + ((band.hi - band.lo) * u) / d), band.lo, band.hi)
    else:
        value = band.lo + (2 * (band.hi - band.lo) * u + d) // (2 * d)
    if value not in band.specials:
        return value
    above = below = value
    while above <= band.hi or below >= band.lo:
        above = neighbour(above, data_type, True)
        if above <= band.hi and above not in band.specials:
            return above
        below = neighbour(below, data_type, False)
        if below >= band.lo and below not in band.specials:
            return below
    return value


class Level:
    """One level of a picture, its planes decoded one by one."""

    def __init__(self, picture, number):
        self.picture, self.number = picture, number
        self.width, self.height = (ceil_div(side, 2**number) for side in (picture.width, picture.height))

    def tile_payload(self, plane, place):
        before = sum(Level(self.picture, n).places() for n in range(self.number))
        return self.picture.payload((before + place) * len(self.picture.planes) + plane)

    def places(self):
        t = self.picture.tile_size
        return ceil_div(self.width, t) * ceil_div(self.height, t)

    def model_plane(self, plane):
        """The synthesis' output, rows of positions of three channels."""
        model, side = self.picture.model, self.picture.tile_size // 16
        rows, columns = ceil_div(self.height, 16), ceil_div(self.width, 16)
        latents = [[None] * columns for _ in range(rows)]
        corners = [(y, x) for y in range(0, rows, side) for x in range(0, columns, side)]
        for place, (y, x) in enumerate(corners):
            tile = read_tile(model, self.tile_payload(plane, place), min(side, rows - y),
                             min(side, columns - x), self.picture.substreams)
            for dy, row in enumerate(tile):
                latents[y + dy][x:x + len(row)] = row
        values = run_graph(model.synthesis, latents)
        if model.lap:
            values = overlap(model.lap, values)
        if model.filters:
            values = restore(model.filter, model.f, values)
        if model.post_filter:
            values = model.post_filter.run(values)
        return [row[:self.width] for row in values[:self.height]]

    def exact_plane(self, plane):
        """Rows of bytes."""
        t, kind = self.picture.tile_size, self.picture.planes[plane][0]
        s = struct.calcsize(SAMPLE[self.picture.data_type]) if kind == EXACT else 1
        rows = [b""] * self.height
        corners = [(y, x) for y in range(0, self.height, t) for x in range(0, self.width, t)]
        for place, (y, x) in enumerate(corners):
            payload = self.tile_payload(plane, place)
            if payload[:1] == b"\x01":
                other, = struct.unpack("<I", payload[1:])
                if other >= plane or self.picture.planes[other][0] != kind:
                    raise ValueError("a tile refers to a wrong plane")
                payload = self.tile_payload(other, place)
            tile = read_exact_tile(payload, kind, min(t, self.height - y), min(t, self.width - x), s)
            for dy, row in enumerate(tile):
                rows[y + dy] += row
        return rows

    def codes(self, band):
        for plane, (kind, numbers) in enumerate(self.picture.planes):
            if kind == CODES and numbers == [band]:
                return self.exact_plane(plane)
        return [bytes(self.width)] * self.height

    def samples(self):
        """One list of rows for each band."""
        data_type, f = self.picture.data_type, self.picture.model.f
        out = [None] * len(self.picture.bands)
        for plane, (kind, numbers) in enumerate(self.picture.planes):
            if kind == EXACT:
                layout = "<%d%s" % (self.width, SAMPLE[data_type])
                out[numbers[0]] = [list(struct.unpack(layout, row)) for row in self.exact_plane(plane)]
            elif kind in (GRAY, RGB):
                values = self.model_plane(plane)
                channels = 3 if kind == GRAY else 1
                d = channels * 255 * 2**f
                for channel, number in enumerate(numbers):
                    band, known = self.picture.bands[number], {}
                    rows = []
                    for row, codes in zip(values, self.codes(number)):
                        rows.append([])
                        for position, code in zip(row, codes):
                            v = sum(position) if kind == GRAY else position[channel]
                            u = clamp(v + channels * 128 * 2**f, 0, d)
                            if u not in known:
                                known[u] = sample_of(u, d, band, data_type)
                            rows[-1].append(band.specials[code - 1] if code else known[u])
                    out[number] = rows
        return out


class Picture:
    def __init__(self, data, model_data=None):
        known = (b"HEAD", b"BAND", b"mETA", b"pREV", b"MODL", b"TIDX", b"TDAT", b"END ")
        chunks = read_chunks(data, b"\x8eNAE\r\n\x1a\n", known)
        head = Reader(chunks[b"HEAD"])
        (version, flags, count, self.width, self.height, self.data_type, colour, self.levels, _effort, self.tile_size,
         quality) = head.fields("HBBIIBBBBHH")
        self.substreams = {0: None, 2: EIGHT_STATES, 3: MANY_STATES}.get(flags)
        if version != 1 or flags not in (0, 2, 3) or (colour, count) not in ((0, 0), (1, 1), (2, 3)) or self.data_type not in SAMPLE:
            raise ValueError("not a version 1 picture")
        if (colour == 0) != (b"BAND" in chunks):
            raise ValueError("BAND is missing or has no business here")
        if colour == 0:
            self.bands, self.planes = read_bands(chunks[b"BAND"], self.data_type)
        else:
            self.bands = [Band() for _ in range(count)]
            self.planes = [(GRAY, [0])] if colour == 1 else [(RGB, [0, 1, 2])]
        self.model = Model(chunks.get(b"MODL", model_data), head.rest()[:8])
        self.model.set_quality(quality)
        self.data, self.tiles, at = chunks[b"TDAT"], [], 0
        index = Reader(chunks[b"TIDX"])
        for _ in range(sum(Level(self, n).places() for n in range(self.levels)) * len(self.planes)):
            length, crc = index.fields("II")
            self.tiles.append((at, length, crc))
            at += length
        index.expect_end()

    def payload(self, number):
        at, length, crc = self.tiles[number]
        payload = self.data[at:at + length]
        if zlib.crc32(payload) != crc:
            raise ValueError("CRC mismatch in tile %d" % number)
        return payload


def decode(picture, level=0):
    """Samples of a level, row by row, bands interleaved, little-endian."""
    layout = "<%d%s" % (len(picture.bands), SAMPLE[picture.data_type])
    out = bytearray()
    for rows in zip(*Level(picture, level).samples()):
        for pixel in zip(*rows):
            out += struct.pack(layout, *pixel)
    return bytes(out)


def decode_mask(picture, level=0):
    """The mask of a level, a byte for each pixel; nothing where there is none."""
    for plane, (kind, _) in enumerate(picture.planes):
        if kind == MASK:
            return b"".join(Level(picture, level).exact_plane(plane))
    return b""


def main(arguments):
    level = 0
    if len(arguments) > 1 and arguments[1].startswith("--level="):
        level = int(arguments.pop(1)[8:])
    if len(arguments) not in (3, 4):
        print(__doc__, file=sys.stderr)
        return 2
    contents = []
    for path in (arguments[1], *arguments[3:]):
        with open(path, "rb") as file:
            contents.append(file.read())
    picture = Picture(*contents)
    with open(arguments[2], "wb") as file:
        file.write(decode(picture, level) + decode_mask(picture, level))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
