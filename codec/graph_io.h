// Bytes of integer graphs: the payload of a model's HSYN and SYNT chunks (format/FORMAT.md, "Graphs").
//
//   u16 node count
//   per node: u8 operator, then what the operator has (little-endian, no padding):
//     input           u16 channels, i16 lo, i16 hi
//     conv            u16 input, u16 channels, u8 kernel, u8 stride, i16 lo, i16 hi,
//                     i32 bias[channels], i32 mult[channels],
//                     i16 weights[channels][kernel][kernel][input channels]
//     add             u16 a, u16 b, i16 lo, i16 hi
//     relu            u16 input
//     leaky_relu      u16 input, u8 slope
//     concat          u8 n, u16 input[n]
//     slice           u16 input, u16 begin, u16 channels
//     depth_to_space  u16 input, u8 block
//     space_to_depth  u16 input, u8 block
//     gain            u16 input, i16 lo, i16 hi, i32 mult[input channels]
// The graph fills its bytes exactly.
#ifndef NAE_CODEC_GRAPH_IO_H_
#define NAE_CODEC_GRAPH_IO_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/graph.h"
#include "format/limits.h"
#include "format/status.h"

namespace nae {

// The graph must be valid; its bytes. Errors: those of validate().
Result<std::vector<uint8_t>> serialise_graph(const Graph& graph);

// Parses and validates. `what` names the graph in messages, e.g. "photo.nam: SYNT".
// Errors: corrupt, limit_exceeded.
Result<Graph> parse_graph(const uint8_t* data, size_t size, const char* what,
                          const Limits& limits = Limits());

}  // namespace nae

#endif  // NAE_CODEC_GRAPH_IO_H_
