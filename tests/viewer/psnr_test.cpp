#include "viewer/core/psnr.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "tests/viewer/pattern_pictures.h"

TEST_CASE("PSNR of equal pictures is infinite", "[psnr]") {
    const nae::Picture picture = nae::pattern_picture(8, 5, 3);
    CHECK(nae::mean_squared_error(picture, picture).value() == 0);
    CHECK(std::isinf(nae::psnr(picture, picture).value()));
}

TEST_CASE("PSNR of one wrong sample follows from the definition", "[psnr]") {
    const nae::Picture a(10, 10, 1);
    nae::Picture b = a;
    b.pixel(3, 7)[0] = 20;
    CHECK(nae::mean_squared_error(a, b).value() == Approx(4.0));
    CHECK(nae::psnr(a, b).value() == Approx(10 * std::log10(255.0 * 255.0 / 4.0)));
}

TEST_CASE("PSNR of an RGB picture averages the bands' squared errors (scikit-image's figures)", "[psnr]") {
    const nae::Picture a = nae::pattern_picture(37, 29, 3);
    const nae::Picture b = nae::disturbed(a);
    CHECK(nae::mean_squared_error(a, b).value() == Approx(42.990059024541786).epsilon(1e-12));
    CHECK(nae::psnr(a, b).value() == Approx(31.797123194723458).epsilon(1e-12));
}

TEST_CASE("PSNR refuses pictures of different shape", "[psnr]") {
    CHECK_FALSE(nae::psnr(nae::Picture(4, 4, 1), nae::Picture(4, 5, 1)).ok());
    CHECK_FALSE(nae::psnr(nae::Picture(4, 4, 1), nae::Picture(4, 4, 3)).ok());
    CHECK_FALSE(nae::psnr(nae::Picture(), nae::Picture()).ok());
}
