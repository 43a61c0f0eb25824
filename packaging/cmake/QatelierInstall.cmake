# What `cmake --install` and `cpack` put where. The programs find ../share/qatelier beside themselves, so any prefix works.
include(GNUInstallDirs)
set(app_id io.github.qatelier.Qatelier)

install(TARGETS qatelier-cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/resources/runners ${CMAKE_SOURCE_DIR}/configs
        DESTINATION ${CMAKE_INSTALL_DATADIR}/qatelier)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/resources/docs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/qatelier/manual)
install(FILES ${CMAKE_SOURCE_DIR}/README.md ${CMAKE_SOURCE_DIR}/GLOSSARY.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/qatelier)
install(FILES ${CMAKE_SOURCE_DIR}/packaging/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/qatelier)

if(QATELIER_UI)
  install(TARGETS qatelier RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES ${CMAKE_SOURCE_DIR}/packaging/qatelier.desktop
          DESTINATION ${CMAKE_INSTALL_DATADIR}/applications RENAME ${app_id}.desktop)
  install(FILES ${CMAKE_SOURCE_DIR}/packaging/qatelier.metainfo.xml
          DESTINATION ${CMAKE_INSTALL_DATADIR}/metainfo RENAME ${app_id}.metainfo.xml)
  install(FILES ${CMAKE_SOURCE_DIR}/resources/icons/qatelier.svg
          DESTINATION ${CMAKE_INSTALL_DATADIR}/icons/hicolor/scalable/apps RENAME ${app_id}.svg)
endif()

# cpack in the build folder writes the .deb; it needs dpkg-dev, which works out the libraries it depends on.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME qatelier)
set(CPACK_PACKAGE_CONTACT "Qatelier developers")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# libtorch accepts any BLAS; the reference one is 10 times slower.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libopenblas0-pthread | libopenblas0")
# Runs exported files in ONNX Runtime, where that is installed too.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS nodejs)
include(CPack)
