# What `cmake --install` puts in place, with DESTDIR honoured throughout. Nothing is written into the configuration folder
# itself: the operator copies an example there. Units go to lib/systemd, not to the multiarch library folder.
install(TARGETS catchmentd RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS catchmentctl catchment-fetch catchment-publish RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

foreach(section 1 5 8)
	file(GLOB pages CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/man/*.${section})
	install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()

install(DIRECTORY ${CMAKE_SOURCE_DIR}/conf/examples/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/guides DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES README.md CHANGELOG.md LICENSE docs/architecture.md docs/control-protocol.md
	DESTINATION ${CMAKE_INSTALL_DOCDIR})

configure_file(${CMAKE_SOURCE_DIR}/conf/systemd/catchment.service.in
	${CMAKE_BINARY_DIR}/catchment.service @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/catchment.service DESTINATION lib/systemd/system)
install(FILES ${CMAKE_SOURCE_DIR}/conf/systemd/catchment.sysusers DESTINATION lib/sysusers.d RENAME catchment.conf)
