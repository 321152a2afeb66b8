#include "training/lab/torch_pickle.h"

#include <map>
#include <memory>
#include <utility>

#include "format/little_endian.h"
#include "format/text.h"

namespace nae::training {
namespace {

constexpr size_t kMostValues = 1 << 20;

struct Value;
using Ref = std::shared_ptr<Value>;
enum class Kind { other, mark, integer, text, global, tuple, dictionary, storage, tensor };
struct Value {
    Kind kind = Kind::other;
    int64_t integer = 0;
    std::string text;        // of text; of a global, "module.name"
    std::vector<Ref> items;  // of a tuple; of a dictionary, keys and values in turn
    PickledTensor tensor;    // of a tensor; of a storage, its type and name
};

Ref make(Kind kind) {
    auto v = std::make_shared<Value>();
    v->kind = kind;
    return v;
}
Ref make_integer(int64_t i) {
    Ref v = make(Kind::integer);
    v->integer = i;
    return v;
}

Status broken(const char* what) { return Status(ErrorCode::corrupt, cat("data.pkl: ", what)); }
Status foreign(const std::string& what) {
    return Status(ErrorCode::unsupported,
                  "data.pkl: holds " + what + ", which a state dict of tensors does not; save it as .npz");
}

// A stack machine of which only the instructions that build data are left.
class Machine {
  public:
    explicit Machine(const std::vector<uint8_t>& bytes) : bytes_(bytes) {}

    Result<Ref> run() {
        for (;;) {
            uint8_t op = 0;
            NAE_RETURN_IF_ERROR(take(&op));
            if (op == '.') break;
            NAE_RETURN_IF_ERROR(step(op));
            if (stack_.size() > kMostValues || memo_.size() > kMostValues) return broken("too many values");
        }
        if (stack_.size() != 1) return broken("ends in the middle of something");
        return stack_.back();
    }

  private:
    template <class T>
    Status take(T* out) {
        if (bytes_.size() - at_ < sizeof(T)) return Status(ErrorCode::truncated, "data.pkl: ends early");
        *out = load_le<T>(bytes_.data() + at_);
        at_ += sizeof(T);
        return Status();
    }
    Status take_text(uint64_t n, std::string* out) {
        if (bytes_.size() - at_ < n) return Status(ErrorCode::truncated, "data.pkl: ends early");
        out->assign(bytes_.begin() + ptrdiff_t(at_), bytes_.begin() + ptrdiff_t(at_ + n));
        at_ += n;
        return Status();
    }
    Status take_line(std::string* out) {
        size_t end = at_;
        while (end < bytes_.size() && bytes_[end] != '\n') ++end;
        if (end == bytes_.size()) return Status(ErrorCode::truncated, "data.pkl: ends early");
        NAE_RETURN_IF_ERROR(take_text(end - at_, out));
        ++at_;
        return Status();
    }
    template <class T>
    Status push_integer() {
        T value{};
        NAE_RETURN_IF_ERROR(take(&value));
        stack_.push_back(make_integer(int64_t(value)));
        return Status();
    }
    Result<Ref> pop() {
        if (stack_.empty() || stack_.back()->kind == Kind::mark) return broken("takes more than there is");
        Ref v = std::move(stack_.back());
        stack_.pop_back();
        return v;
    }
    // Everything above the last mark, which goes too.
    Result<std::vector<Ref>> pop_to_mark() {
        size_t i = stack_.size();
        while (i > 0 && stack_[i - 1]->kind != Kind::mark) --i;
        if (i == 0) return broken("has no mark");
        std::vector<Ref> items(stack_.begin() + ptrdiff_t(i), stack_.end());
        stack_.resize(i - 1);
        return items;
    }
    Status push_tuple(std::vector<Ref> items) {
        Ref v = make(Kind::tuple);
        v->items = std::move(items);
        stack_.push_back(std::move(v));
        return Status();
    }
    Status push_tuple_of(size_t n) {
        std::vector<Ref> items(n);
        for (size_t i = n; i-- > 0;) {
            NAE_ASSIGN_OR_RETURN(items[i], pop());
        }
        return push_tuple(std::move(items));
    }
    Status add_items(std::vector<Ref> items) {
        if (stack_.empty() || items.size() % 2 != 0) return broken("adds to nothing");
        if (stack_.back()->kind == Kind::dictionary)
            stack_.back()->items.insert(stack_.back()->items.end(), items.begin(), items.end());
        return Status();
    }
    template <class T>
    Status put() {
        T slot{};
        NAE_RETURN_IF_ERROR(take(&slot));
        if (stack_.empty()) return broken("remembers nothing");
        memo_[slot] = stack_.back();
        return Status();
    }
    template <class T>
    Status get() {
        T slot{};
        NAE_RETURN_IF_ERROR(take(&slot));
        const auto it = memo_.find(slot);
        if (it == memo_.end()) return broken("recalls what it has not stored");
        stack_.push_back(it->second);
        return Status();
    }

    // ('storage', type, name, device, number of elements)
    Status make_storage() {
        NAE_ASSIGN_OR_RETURN(const Ref id, pop());
        const auto& i = id->items;
        if (id->kind != Kind::tuple || i.size() != 5 || i[0]->text != "storage" ||
            i[1]->kind != Kind::global || i[2]->kind != Kind::text)
            return foreign("something stored elsewhere");
        Ref v = make(Kind::storage);
        v->tensor.type = i[1]->text.substr(i[1]->text.rfind('.') + 1);
        v->tensor.storage = i[2]->text;
        stack_.push_back(std::move(v));
        return Status();
    }

    // The only calls there are: an empty ordered dictionary, and a tensor of a storage.
    Status call() {
        NAE_ASSIGN_OR_RETURN(const Ref arguments, pop());
        NAE_ASSIGN_OR_RETURN(const Ref function, pop());
        if (function->kind != Kind::global || arguments->kind != Kind::tuple)
            return broken("calls what is no function");
        if (function->text == "collections.OrderedDict" && arguments->items.empty()) {
            stack_.push_back(make(Kind::dictionary));
            return Status();
        }
        if (function->text == "torch._utils._rebuild_parameter" && !arguments->items.empty()) {
            stack_.push_back(arguments->items[0]);
            return Status();
        }
        if (function->text != "torch._utils._rebuild_tensor_v2")
            return foreign("a call of " + function->text);
        const auto& i = arguments->items;
        if (i.size() < 4 || i[0]->kind != Kind::storage || i[1]->kind != Kind::integer ||
            i[2]->kind != Kind::tuple || i[3]->kind != Kind::tuple)
            return broken("a tensor is not made of what it should be");
        Ref v = make(Kind::tensor);
        v->tensor = i[0]->tensor;
        v->tensor.offset = i[1]->integer;
        for (const Ref& side : i[2]->items) v->tensor.shape.push_back(side->integer);
        for (const Ref& stride : i[3]->items) v->tensor.stride.push_back(stride->integer);
        stack_.push_back(std::move(v));
        return Status();
    }

    Status step(uint8_t op) {
        switch (op) {
            case 0x80: {  // protocol
                uint8_t version = 0;
                return take(&version);
            }
            case 0x95: {  // frame
                uint64_t length = 0;
                return take(&length);
            }
            case 'c': {
                std::string module, name;
                NAE_RETURN_IF_ERROR(take_line(&module));
                NAE_RETURN_IF_ERROR(take_line(&name));
                Ref v = make(Kind::global);
                v->text = module + "." + name;
                stack_.push_back(std::move(v));
                return Status();
            }
            case 'X': {
                uint32_t n = 0;
                Ref v = make(Kind::text);
                NAE_RETURN_IF_ERROR(take(&n));
                NAE_RETURN_IF_ERROR(take_text(n, &v->text));
                stack_.push_back(std::move(v));
                return Status();
            }
            case 'J':
                return push_integer<int32_t>();
            case 'K':
                return push_integer<uint8_t>();
            case 'M':
                return push_integer<uint16_t>();
            case 0x8a: {  // an integer of n bytes
                uint8_t n = 0;
                std::string digits;
                NAE_RETURN_IF_ERROR(take(&n));
                NAE_RETURN_IF_ERROR(take_text(n, &digits));
                if (n > 8) return broken("an integer of more than 64 bits");
                uint64_t value = n > 0 && (uint8_t(digits[n - 1u]) & 0x80) != 0 ? ~uint64_t{0} : 0;
                for (size_t i = n; i-- > 0;) value = value << 8 | uint8_t(digits[i]);
                stack_.push_back(make_integer(int64_t(value)));
                return Status();
            }
            case 'N':
            case 0x88:
            case 0x89:
                stack_.push_back(make(Kind::other));
                return Status();
            case '}':
                stack_.push_back(make(Kind::dictionary));
                return Status();
            case ')':
                return push_tuple({});
            case '(':
                stack_.push_back(make(Kind::mark));
                return Status();
            case 't': {
                NAE_ASSIGN_OR_RETURN(std::vector<Ref> items, pop_to_mark());
                return push_tuple(std::move(items));
            }
            case 0x85:
            case 0x86:
            case 0x87:
                return push_tuple_of(size_t(op - 0x84));
            case 's': {
                NAE_ASSIGN_OR_RETURN(const Ref value, pop());
                NAE_ASSIGN_OR_RETURN(const Ref key, pop());
                return add_items({key, value});
            }
            case 'u': {
                NAE_ASSIGN_OR_RETURN(std::vector<Ref> items, pop_to_mark());
                return add_items(std::move(items));
            }
            case 'b':  // attributes of a dictionary, such as PyTorch's _metadata
                return pop().status();
            case 'Q':
                return make_storage();
            case 'R':
                return call();
            case 'q':
                return put<uint8_t>();
            case 'r':
                return put<uint32_t>();
            case 'h':
                return get<uint8_t>();
            case 'j':
                return get<uint32_t>();
            default:
                return foreign(cat("instruction ", int{op}));
        }
    }

    const std::vector<uint8_t>& bytes_;
    size_t at_ = 0;
    std::vector<Ref> stack_;
    std::map<uint32_t, Ref> memo_;
};

}  // namespace

Result<std::vector<PickledTensor>> parse_torch_pickle(const std::vector<uint8_t>& bytes) {
    NAE_ASSIGN_OR_RETURN(const Ref top, Machine(bytes).run());
    if (top->kind != Kind::dictionary) return foreign("no dictionary");
    std::vector<PickledTensor> out;
    for (size_t i = 0; i + 1 < top->items.size(); i += 2) {
        if (top->items[i]->kind != Kind::text || top->items[i + 1]->kind != Kind::tensor) continue;
        out.push_back(top->items[i + 1]->tensor);
        out.back().name = top->items[i]->text;
    }
    return out;
}

}  // namespace nae::training
