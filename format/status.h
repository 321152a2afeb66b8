// Errors as values. No function of this project lets an exception out; those that can fail return a
// Status, or a Result<T> that holds either a value or the Status that says why there is none.
//
// A message names the file, the field and the value, outermost first and joined by ": ", for example
//   photo.nae: tile index: tile 7 at offset 4711: CRC mismatch
#ifndef NAE_FORMAT_STATUS_H_
#define NAE_FORMAT_STATUS_H_

#include <optional>
#include <string>
#include <utility>

namespace nae {

enum class ErrorCode {
    ok,
    io,                   // the operating system refused to open, read, write or rename
    not_nae,              // the file does not start with the signature
    truncated,            // the data end before they should
    corrupt,              // the data contradict themselves or a CRC
    unsupported,          // valid, but from a later version or using a feature this build does not have
    limit_exceeded,       // larger than a limit in Limits; the caller may raise it
    model_not_found,      // no model with the file's ID in any place searched
    model_mismatch,       // a model was found, but it is not the one it claims to be or the file needs
    invalid_argument,     // the caller asked for something that makes no sense
    cancelled,            // the caller's callback said stop
    encoder_unavailable,  // the module that holds the analysis transform cannot be opened
    internal,             // a bug of ours
};

// A short English name for the code ("CRC or structure error" and the like), for messages and logs.
const char* error_code_name(ErrorCode code);

class [[nodiscard]] Status {
  public:
    // Success.
    Status() = default;
    // `code` must not be ok. The message may be empty; then error_code_name() stands in for it.
    Status(ErrorCode code, std::string message);

    bool ok() const { return code_ == ErrorCode::ok; }
    ErrorCode code() const { return code_; }
    const std::string& message() const { return message_; }

    // The same error with "context: " in front of the message; success stays success.
    Status in(const std::string& context) const;

  private:
    ErrorCode code_ = ErrorCode::ok;
    std::string message_;
};

template <class T>
class [[nodiscard]] Result {
  public:
    Result(T value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor): `return value;`
    Result(Status status) : status_(std::move(status)) {  // NOLINT(google-explicit-constructor)
        if (status_.ok())
            status_ = Status(ErrorCode::internal, "a Result was made from success without a value");
    }

    bool ok() const { return value_.has_value(); }
    const Status& status() const { return status_; }
    // Only when ok().
    T& value() & { return *value_; }
    const T& value() const& { return *value_; }
    T&& value() && { return std::move(*value_); }

    Result in(const std::string& context) && {
        if (ok()) return std::move(*this);
        return Result(status_.in(context));
    }

  private:
    std::optional<T> value_;
    Status status_;
};

}  // namespace nae

#define NAE_CONCAT_INNER(a, b) a##b
#define NAE_CONCAT(a, b) NAE_CONCAT_INNER(a, b)

// Evaluates an expression of type Status; returns it from the enclosing function when it is an error.
#define NAE_RETURN_IF_ERROR(expr)                                                                  \
    do {                                                                                           \
        if (::nae::Status nae_status_here = (expr); !nae_status_here.ok()) return nae_status_here; \
    } while (false)

// NAE_ASSIGN_OR_RETURN(auto header, parse_header(bytes)); the expression has type Result<T>.
#define NAE_ASSIGN_OR_RETURN(decl, expr) \
    NAE_ASSIGN_OR_RETURN_INNER(NAE_CONCAT(nae_result_, __LINE__), decl, expr)
#define NAE_ASSIGN_OR_RETURN_INNER(result, decl, expr) \
    auto result = (expr);                              \
    if (!result.ok()) return result.status();          \
    decl = std::move(result).value()

#endif  // NAE_FORMAT_STATUS_H_
